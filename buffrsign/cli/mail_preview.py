"""How letters look: sample letters as files and pictures."""
# ruff: noqa: PLC0415

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buffrsign.cli.options import as_json
from buffrsign.cli.output import print_json, print_rows

if TYPE_CHECKING:
    from buffrsign.mail.preview import Preview


@click.command()
@click.argument("kind", required=False)
@click.option("--all", "everything", is_flag=True, help="Every kind in every locale, and a page that shows them all.")
@click.option("--locale", default="en", show_default=True, help="The language it is written in, as in en, af or de.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/preview"),
    show_default=True,
    help="Where to write; it is made if need be.",
)
@as_json
def preview(kind: str | None, *, everything: bool, locale: str, folder: Path, as_json: bool) -> None:
    """Write a sample letter of one KIND, such as signature_request, and say where.

    There are an HTML and a text file, and where Chromium is found on the PATH, two pictures, light and dark. Names,
    documents and links in it are invented. A letter that may come with a file is written in each form. Give a KIND
    that does not exist to see those that do.
    """
    from buffrsign.mail import preview as previews
    from buffrsign.mail.chromium import find_browser
    from buffrsign.mail.outlines import OUTLINES

    if (kind is None) is not everything:
        raise click.UsageError("Give either a KIND or --all.")
    browser = find_browser()
    kinds = list(OUTLINES) if everything else [previews.kind_of(str(kind))]
    written = [
        preview
        for each in kinds
        for language in (previews.locales() if everything else [locale])
        for preview in previews.write_previews(each, locale=language, folder=folder, browser=browser)
    ]
    index = previews.write_index(written, folder=folder) if everything else None
    _say_where(written, index, as_json=as_json, pictured=browser is not None)


def _say_where(written: "list[Preview]", index: Path | None, *, as_json: bool, pictured: bool) -> None:
    if as_json:
        print_json({"previews": [_as_facts(each) for each in written], "index": index and str(index)})
        return
    files = [file for each in written for file in (each.html, each.text, *each.pictures)]
    rows = [(each.kind, each.locale, each.form, each.subject) for each in written]
    print_rows(("letter", "locale", "its file", "subject"), rows)
    click.echo()
    for file in [index] if index else files:
        click.echo(file)
    if not pictured:
        click.echo("No pictures: neither chromium, chromium-browser nor google-chrome is on the PATH.", err=True)


def _as_facts(preview: "Preview") -> dict[str, object]:
    files = {"html": str(preview.html), "text": str(preview.text), "pictures": list(map(str, preview.pictures))}
    return {**asdict(preview), **files}
