"""Small documents that ask for signatures, for tests of the search for fields."""

from functools import cache

from fpdf import FPDF

SIZE_PT = 12.0
HEIGHT_PT = 842.0


class Paper:
    """A4 pages on which tests write at a height over the lower edge, in points."""

    def __init__(self) -> None:
        self._pdf = FPDF(unit="pt", format=(595.0, HEIGHT_PT))
        self._pdf.set_auto_page_break(auto=False)
        self.page()

    def page(self) -> None:
        """Begin a page."""
        self._pdf.add_page()
        self._pdf.set_font("Helvetica", size=SIZE_PT)

    def say(self, x: float, y: float, words: str) -> "Paper":
        """Write words on a baseline."""
        self._pdf.text(x, HEIGHT_PT - y, words)
        return self

    def rule(self, x0: float, x1: float, y: float) -> "Paper":
        """Draw a line that is level."""
        self._pdf.line(x0, HEIGHT_PT - y, x1, HEIGHT_PT - y)
        return self

    def box(self, x0: float, y0: float, x1: float, y1: float) -> "Paper":
        """Draw the outline of a box."""
        self._pdf.rect(x0, HEIGHT_PT - y1, x1 - x0, y1 - y0)
        return self

    def written(self) -> bytes:
        """The document."""
        return bytes(self._pdf.output())


@cache
def agreement(*, parties: tuple[str, ...]) -> bytes:
    """A page with a block for each party: its name, a line to sign on and one for the date."""
    paper, y = Paper(), 700.0
    for party in parties:
        paper.say(72, y, party).say(72, y - 40, "Signature:").rule(140, 320, y - 40)
        paper.say(72, y - 70, "Date:").rule(140, 240, y - 70)
        y -= 160
    return paper.written()
