"""Previews: sample letters as files one can look at, and as pictures where Chromium is installed."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from buffrsign.core.errors import Permanent
from buffrsign.mail.catalogue import Catalogues
from buffrsign.mail.chromium import SCHEMES, WIDTH, take_picture
from buffrsign.mail.letters import Letters
from buffrsign.mail.outlines import OUTLINES, name_of
from buffrsign.mail.samples import ENCLOSED, SAMPLE_NOW, forms_of, sample

_FROM = "no-reply@buffrsign.example"


class NoSuchLetter(Permanent):
    """No letter is of this kind, or none is written in this locale."""


class FolderUnfit(Permanent):
    """Nothing can be written to the folder."""


@dataclass(frozen=True)
class Preview:
    """Where one letter was written. There are no pictures where there is no Chromium."""

    kind: str
    locale: str
    subject: str
    html: Path
    text: Path
    pictures: tuple[Path, ...] = ()
    form: str = ""
    """In which form it comes with its file, if it has one."""


def kind_of(name: str) -> str:
    """The kind that a person means: `signature_request` is short for `email.signature_request`.

    Raises:
        NoSuchLetter: there is none; the message lists those that there are.
    """
    kind = f"email.{name_of(name)}"
    if kind not in OUTLINES:
        raise NoSuchLetter(f"no letter is called {name!r}; there are: {', '.join(map(name_of, OUTLINES))}")
    return kind


def locales() -> list[str]:
    """The locales that letters are written in."""
    return sorted(Catalogues().locales)


def write_previews(kind: str, *, locale: str, folder: Path, browser: str | None) -> list[Preview]:
    """Write the sample of one kind as `<name>.<locale>.html` and `.txt`, and its pictures beside them.

    A kind that may come with a file is written in each form too: `<name>-linked.<locale>.html` and so on.

    Raises:
        NoSuchLetter: letters are not written in this locale; the message lists those they are written in.
        FolderUnfit: nothing can be written there.
        PictureFailed: the browser failed.
    """
    if locale not in locales():
        raise NoSuchLetter(f"no letter is written in {locale!r}; there are: {', '.join(locales())}")
    return [_write(kind, form, locale=locale, folder=folder, browser=browser) for form in forms_of(kind)]


def _write(kind: str, form: str, *, locale: str, folder: Path, browser: str | None) -> Preview:
    letters = Letters(_FROM, clock=lambda: SAMPLE_NOW)
    letter = letters.render(sample(kind, locale=locale), ENCLOSED[kind][form] if form else None)
    stem = f"{name_of(kind)}{f'-{form}' if form else ''}.{locale}"
    page, text = folder / f"{stem}.html", folder / f"{stem}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page.write_text(letter.html, encoding="utf-8")
        text.write_text(f"Subject: {letter.subject}\n\n{letter.text}", encoding="utf-8")
    except OSError as error:
        raise FolderUnfit(f"{folder} cannot be written to ({type(error).__name__}); name another --folder") from error
    if browser is None:
        return Preview(kind, locale, letter.subject, page, text, form=form)
    pictures = (take_picture(page, folder / f"{stem}.{scheme}.png", scheme, browser=browser) for scheme in SCHEMES)
    return Preview(kind, locale, letter.subject, page, text, tuple(pictures), form=form)


def write_index(previews: Iterable[Preview], *, folder: Path) -> Path:
    """A page that shows all previews."""
    index = folder / "index.html"
    index.write_text(_HEAD + "".join(map(_row, previews)) + "</table>\n", encoding="utf-8")
    return index


def _row(preview: Preview) -> str:
    pictures = "".join(
        f'<a href="{picture.name}"><img src="{picture.name}" alt="" width="{WIDTH // 2}"></a> '
        for picture in preview.pictures
    )
    return (
        f"<tr><th>{name_of(preview.kind)} {preview.form}<td>{preview.locale}<td>{escape(preview.subject)}"
        f'<td><a href="{preview.html.name}">HTML</a> <a href="{preview.text.name}">text</a><td>{pictures}\n'
    )


_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Letters</title>
<style>body { font: 16px sans-serif; margin: 2em }
th, td { text-align: left; vertical-align: top; padding: 8px }</style>
<h1>Letters</h1>
<table>
"""
