"""Stationery: the one layout that all letters have, as HTML and as text.

Both are templates of Jinja2's sandbox. Whatever is filled in is plain text, and the HTML layout escapes all of it. The
style sheet is moved into the elements once for each process, not for each letter: mail programs drop style sheets.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from css_inline import CSSInliner
from jinja2 import DictLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import SandboxedEnvironment

TEMPLATES = Path(__file__).with_name("templates")
LONGEST_LINE = 76
"""Of text: RFC 5322 (2.1.1) asks for at most 78, and a shorter line needs no transfer encoding."""

Piece = tuple[str, object, object]
"""How a block looks, what it says, and where it leads: `("say", "Please sign.", None)`."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What is filled into the layouts, all of it plain text."""

    language: str
    subject: str
    preheader: str
    product: str
    greeting: str
    link_hint: str
    pieces: list[Piece]
    footer: list[str]


class Stationery:
    """The layouts, compiled."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        inliner = CSSInliner(load_remote_stylesheets=False)
        layouts = {
            "letter.html": inliner.inline((folder / "letter.html").read_text(encoding="utf-8")),
            "letter.txt": (folder / "letter.txt").read_text(encoding="utf-8"),
        }
        environment = SandboxedEnvironment(
            loader=DictLoader(layouts),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters["folded"] = folded
        environment.globals.clear()  # layouts call nothing, and each render would copy them
        self._html = environment.get_template("letter.html")
        self._text = environment.get_template("letter.txt")

    def as_html(self, sheet: Sheet) -> str:
        """The letter as a page that loads nothing from elsewhere."""
        return self._html.render(vars(sheet))

    def as_text(self, sheet: Sheet) -> str:
        """The letter as plain text, its URLs alone on their lines."""
        return self._text.render(vars(sheet))


@cache
def stationery() -> Stationery:
    """Our own, once for each process."""
    return Stationery()


def folded(text: str, width: int = LONGEST_LINE) -> str:
    """The text in lines of at most `width` characters; a longer word has a line of its own."""
    if len(text) <= width:
        return text
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])
