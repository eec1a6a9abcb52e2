"""A document being drawn, and at the same strokes the labels of what it asks for: both come from one geometry."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from random import Random
from typing import Literal

from fpdf import FPDF
from PIL import Image

from evaluation.fields.label import Cue, Kind, Label, Rect
from evaluation.fields.words import PARTIES, TEXT

Style = Literal["underscores", "line", "dots"]

_FONTS = ("Helvetica", "Times", "Courier")
_SIZES = {"A4": (595.28, 841.89), "Letter": (612.0, 792.0)}
_THEN = datetime(2026, 1, 1, tzinfo=UTC)


class Sheet:
    """Pages in points from the lower left. The dice decide font, size, paper, margins and words."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        paper = dice.choice(sorted(_SIZES))
        self.width, self.height = _SIZES[paper]
        self.size = dice.choice((9.0, 10.0, 11.0, 12.0))
        self.margin = dice.choice((54.0, 64.0, 72.0))
        self.leading = self.size * dice.uniform(1.25, 1.5)
        self.labels: list[Label] = []
        self.page_number = 0
        self._font = dice.choice(_FONTS)
        self._orientation: Literal["portrait", "landscape"] = "portrait"
        self._pdf = FPDF(unit="pt", format=paper)
        self._pdf.set_creation_date(_THEN)
        self._pdf.set_auto_page_break(auto=False)

    def lay_flat(self) -> None:
        """Make every page landscape; to be asked for before the first."""
        self.width, self.height = self.height, self.width
        self._orientation = "landscape"

    @property
    def right(self) -> float:
        """The right margin."""
        return self.width - self.margin

    def page(self) -> float:
        """Begin a page; the baseline of its first line."""
        self._pdf.add_page(orientation=self._orientation)
        self.page_number += 1
        return self.height - self.margin - self.size

    def parties(self, count: int = 2) -> list[str]:
        """Different parties."""
        return self.dice.sample(PARTIES, count)

    def wide(self, words: str, *, bold: bool = False) -> float:
        """How wide the words are."""
        self._pdf.set_font(self._font, "B" if bold else "", self.size)
        return float(self._pdf.get_string_width(words))

    def say(self, x: float, y: float, words: str, *, bold: bool = False) -> float:
        """Write words on a baseline; where they end."""
        width = self.wide(words, bold=bold)
        self._pdf.text(x, self.height - y, words)
        return x + width

    def centred(self, y: float, words: str, *, bold: bool = True) -> tuple[float, float]:
        """Write words in the middle of the page; where they begin and end."""
        x = (self.width - self.wide(words, bold=bold)) / 2
        return x, self.say(x, y, words, bold=bold)

    def prose(self, y: float, lines: int, *, language: str = "en") -> float:
        """So many lines of running text; the baseline under them."""
        words: list[str] = []
        while lines > 0:
            words = words or self.dice.choice(TEXT[language]).split()
            line = ""
            while words and self.wide(f"{line} {words[0]}") < self.right - self.margin:
                line = f"{line} {words.pop(0)}".strip()
            self.say(self.margin, y, line)
            y -= self.leading
            lines -= 1
        return y - self.leading / 2

    def rule(self, x0: float, x1: float, y: float) -> None:
        """Draw a line that is level."""
        self._pdf.set_line_width(self.dice.choice((0.5, 0.75, 1.0)))
        self._pdf.line(x0, self.height - y, x1, self.height - y)

    def frame(self, rect: Rect) -> None:
        """Draw the outline of a box."""
        x0, y0, x1, y1 = rect
        self._pdf.set_line_width(0.75)
        self._pdf.rect(x0, self.height - y1, x1 - x0, y1 - y0)

    def table(self, y: float, rows: Sequence[Sequence[str]]) -> float:
        """Framed rows as wide as the page, the first with its words at `y`; where the next one would have them."""
        wide = (self.right - self.margin) / len(rows[0])
        for cells in rows:
            for column, words in enumerate(cells):
                x = self.margin + column * wide
                self.frame((x, y - 5, x + wide, y + self.size + 3))
                self.say(x + 4, y, words)
            y -= self.size + 8
        return y

    def dingbat(self, x: float, y: float, letter: str) -> float:
        """A character of the font of symbols; where it ends."""
        self._pdf.set_font("ZapfDingbats", "", self.size)
        self._pdf.text(x, self.height - y, letter)
        return x + float(self._pdf.get_string_width(letter))

    def picture(self, image: Image.Image, rect: Rect) -> None:
        """Place a picture."""
        x0, y0, x1, y1 = rect
        self._pdf.image(image, x=x0, y=self.height - y1, w=x1 - x0, h=y1 - y0)

    def leader(self, x: float, y: float, width: float, letter: str) -> float:
        """A run of one character, about so wide; where it ends."""
        return self.say(x, y, letter * max(3, round(width / self.wide(letter))))

    def blank(self, x: float, y: float, width: float, kind: Kind, *, owner: int | None, style: Style) -> float:
        """Something to write on, about so wide, and its label; where it ends."""
        if style == "line":
            self.rule(x, x + width, y)
            end = x + width
        else:
            end = self.leader(x, y, width, "_" if style == "underscores" else ".")
        self.mark(kind, (x, y, end, y + self.size), owner=owner, cue="line" if style == "line" else "blank")
        return end

    def mark(self, kind: Kind, rect: Rect, *, owner: int | None, cue: Cue, filled: bool = False) -> None:
        """Label a place of this page."""
        x0, y0, x1, y1 = (round(edge, 1) for edge in rect)
        self.labels.append(Label(kind, self.page_number, (x0, y0, x1, y1), owner, cue, filled))

    def style(self) -> Style:
        """What to write on, for a whole document."""
        styles: tuple[Style, ...] = ("underscores", "line", "dots")
        return self.dice.choice(styles)

    def written(self) -> bytes:
        """The document's bytes."""
        return BytesIO(self._pdf.output()).getvalue()
