"""Letters as a person looks at them."""

import json
from pathlib import Path

import pytest

from buffrsign.mail.outlines import OUTLINES
from tests.support.cli import Run, command_line

KINDS = [kind.removeprefix("email.") for kind in OUTLINES]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The command line on a machine without Chromium."""
    return command_line({"PATH": str(tmp_path / "nothing")})


@pytest.fixture
def run_with_browser() -> Run:
    return command_line({})


def test_a_preview_is_an_html_and_a_text_file_and_says_where(run: Run, tmp_path: Path) -> None:
    shown = run("mail", "preview", "signature_request", "--locale", "af", "--folder", str(tmp_path / "letters"))

    html, text = (tmp_path / "letters" / f"signature_request.af.{suffix}" for suffix in ("html", "txt"))
    assert shown.exit_code == 0
    assert {str(html), str(text)} <= set(shown.stdout.splitlines())
    assert "Lees en teken" in html.read_text("utf-8")
    assert text.read_text("utf-8").startswith(
        "Subject: Ndapewa Shikongo vra u om “Service agreement 2026” te teken\n\n"
    )
    assert "neither chromium, chromium-browser nor google-chrome is on the PATH" in shown.stderr


def test_a_preview_for_machines_names_every_file(run: Run, tmp_path: Path) -> None:
    shown = run("mail", "preview", "email.one_time_code", "--folder", str(tmp_path), "--json")

    (preview,) = json.loads(shown.stdout)["previews"]
    assert (preview["kind"], preview["locale"], preview["pictures"]) == ("email.one_time_code", "en", [])
    assert Path(preview["html"]).is_file()
    assert Path(preview["text"]).is_file()


def test_a_letter_that_may_come_with_a_file_is_written_in_each_form(run: Run, tmp_path: Path) -> None:
    shown = run("mail", "preview", "document_completed", "--folder", str(tmp_path), "--json")

    written = json.loads(shown.stdout)["previews"]
    previews = {preview["form"]: Path(preview["text"]).read_text("utf-8") for preview in written}
    assert list(previews) == ["", "attached", "linked", "too_large", "unavailable"]
    assert "is attached to this letter" in previews["attached"]
    assert "Download the document:\n" in previews["linked"]


def test_all_letters_are_written_in_all_languages_with_a_page_that_shows_them(run: Run, tmp_path: Path) -> None:
    shown = run("mail", "preview", "--all", "--folder", str(tmp_path))

    index = (tmp_path / "index.html").read_text("utf-8")
    assert str(tmp_path / "index.html") in shown.stdout.splitlines()
    for kind in KINDS:
        for locale in ("en", "af", "de"):
            assert (tmp_path / f"{kind}.{locale}.html").is_file()
            assert f'href="{kind}.{locale}.txt"' in index


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["no_such_letter"], 1, f"no letter is called 'no_such_letter'; there are: {', '.join(KINDS)}"),
        (["signature_request", "--locale", "fr"], 1, "no letter is written in 'fr'; there are: af, de, en"),
        ([], 2, "Give either a KIND or --all."),
        (["signature_request", "--all"], 2, "Give either a KIND or --all."),
    ],
)
def test_what_is_wrong_is_a_sentence_with_what_there_is(
    run: Run, tmp_path: Path, arguments: list[str], exit_code: int, sentence: str
) -> None:
    shown = run("mail", "preview", *arguments, "--folder", str(tmp_path / "letters"))

    assert (shown.exit_code, shown.stdout) == (exit_code, "")
    assert sentence in shown.stderr
    assert not (tmp_path / "letters").exists()


def test_a_folder_that_cannot_be_written_to_is_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    shown = run("mail", "preview", "signature_request", "--folder", str(tmp_path / "file" / "letters"))

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "cannot be written to (NotADirectoryError); name another --folder" in shown.stderr


def test_a_browser_that_fails_is_a_sentence_and_leaves_the_letter(tmp_path: Path) -> None:
    browser = tmp_path / "bin" / "chromium"
    browser.parent.mkdir()
    browser.write_text("#!/bin/sh\nexit 3\n")
    browser.chmod(0o755)
    run = command_line({"PATH": str(browser.parent)})

    shown = run("mail", "preview", "signature_request", "--folder", str(tmp_path / "letters"))

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "made no picture (CalledProcessError); the HTML and the text are written" in shown.stderr
    assert (tmp_path / "letters" / "signature_request.en.html").is_file()


@pytest.mark.needs("chromium")
def test_where_chromium_is_found_there_are_pictures_light_and_dark(run_with_browser: Run, tmp_path: Path) -> None:
    shown = run_with_browser("mail", "preview", "signature_request", "--folder", str(tmp_path), "--json")

    (preview,) = json.loads(shown.stdout)["previews"]
    light, dark = (Path(picture).read_bytes() for picture in preview["pictures"])
    assert light.startswith(b"\x89PNG")
    assert dark.startswith(b"\x89PNG")
    assert light != dark
