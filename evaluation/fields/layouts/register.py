"""Held out. A form to fill in, several labelled lines in a row, and the applicant's signature at its end."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_ROWS: tuple[tuple[tuple[str, Kind], ...], ...] = (
    (("Full name:", "name"), ("Date of birth:", "date")),
    (("ID number:", "text"), ("Telephone:", "text")),
    (("E-mail address:", "text"),),
    (("Physical address:", "text"),),
    (("Occupation:", "text"), ("Employer:", "text")),
)


def draw(sheet: Sheet) -> None:
    """Rows of lines, in their order, and a declaration."""
    y = sheet.page()
    sheet.centred(y, "APPLICATION FOR MEMBERSHIP")
    y -= sheet.leading * 3
    style = sheet.style()
    for row in sheet.dice.sample(_ROWS, sheet.dice.randint(3, 5)):
        _row(sheet, y, row, style)
        y -= sheet.leading * 2
    y = sheet.prose(y, 4) - sheet.leading * 2
    _row(sheet, y, (("Signature of applicant:", "signature"), ("Date:", "date")), style)


def _row(sheet: Sheet, y: float, row: tuple[tuple[str, Kind], ...], style: str) -> None:
    wide = (sheet.right - sheet.margin) / len(row)
    for column, (words, kind) in enumerate(row):
        x = sheet.margin + column * wide
        start = sheet.say(x, y, words) + 4
        sheet.blank(start, y, x + wide - 16 - start, kind, owner=1, style=style)  # type: ignore[arg-type]
