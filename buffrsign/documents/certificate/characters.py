"""Every name can be shown: what the page's font has as it is, everything else as its number in Unicode."""

import unicodedata
from contextlib import closing
from functools import cache
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

FONT = Path(__file__).with_name("font") / "DejaVuSans.ttf"
"""DejaVu Sans 2.37, unmodified; its licence lies beside it. Latin with all that Namibian languages write, click letters
too, Greek, Cyrillic and more, in one face."""

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def shown(text: str) -> str:
    """The text as the page shows it: one line, composed (NFC), `[U+4E2D]` for what the page cannot show.

    That is what the font lacks, what has no shape of its own, and scripts that run from the right: their letters would
    have to be joined and turned around, and stand in an order here that nobody reads.
    """
    return "".join(map(_shown, unicodedata.normalize("NFC", " ".join(text.split()))))


def _shown(character: str) -> str:
    code = ord(character)
    is_shapeless = unicodedata.category(character).startswith("C")
    if code in _in_font() and not is_shapeless and unicodedata.bidirectional(character) not in _RIGHT_TO_LEFT:
        return character
    return f"[U+{code:04X}]"


@cache
def _in_font() -> frozenset[int]:
    """The codes that the font has a shape for."""
    with closing(TTFFont(FPDF(), FONT, fontkey="", style="")) as font:
        return frozenset(font.cmap)
