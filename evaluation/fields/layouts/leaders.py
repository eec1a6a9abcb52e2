"""Dotted lines, as word processors fill the way to a tab stop."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_ROWS: tuple[tuple[str, Kind], ...] = (
    ("Signed", "signature"),
    ("Name", "name"),
    ("Position", "text"),
    ("Dated", "date"),
)


def draw(sheet: Sheet) -> None:
    """Labels without a colon, dots up to one edge."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(4, 12))
    end = sheet.margin + sheet.dice.choice((220, 260, 300))
    roles = sheet.dice.choice((("LANDLORD", "TENANT"), ("SELLER", "PURCHASER"), ("EMPLOYER", "EMPLOYEE")))
    for owner, role in enumerate(roles, start=1):
        sheet.say(sheet.margin, y, f"THE {role}", bold=True)
        for words, kind in _ROWS[: sheet.dice.randint(2, 4)]:
            y -= sheet.leading * 1.8
            x = sheet.say(sheet.margin, y, f"{words} ")
            sheet.blank(x, y, end - x, kind, owner=owner, style="dots")
        y -= sheet.leading * 3
