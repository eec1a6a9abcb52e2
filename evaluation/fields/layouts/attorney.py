"""A power of attorney: gaps in running text, with what they are for in brackets behind or under them."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet, Style

_GAPS: tuple[tuple[str, Kind, float, str], ...] = (
    ("I, ", "name", 170, " (full names),"),
    ("identity number ", "text", 120, ","),
    ("of ", "text", 200, " (address),"),
    ("hereby appoint ", "text", 160, ""),
    ("to sell the property known as ", "text", 150, ""),
    ("for not less than N$ ", "text", 80, " (amount in figures)."),
)


def draw(sheet: Sheet) -> None:
    """One sentence in lines, and who grants it."""
    y = sheet.page()
    sheet.centred(y, "GENERAL POWER OF ATTORNEY")
    y -= sheet.leading * 2.5
    style: Style = sheet.dice.choice(("underscores", "dots"))
    for before, kind, wide, behind in _GAPS[: sheet.dice.randint(4, 6)]:
        x = sheet.say(sheet.margin, y, before)
        x = sheet.blank(x, y, wide, kind, owner=None, style=style)
        sheet.say(x, y, behind or " and")
        y -= sheet.leading * 1.6
    y = sheet.prose(y - sheet.leading, 3) - sheet.leading * 2
    x = sheet.say(sheet.margin, y, "Signed at ")
    x = sheet.blank(x, y, 100, "place", owner=1, style=style)
    x = sheet.say(x, y, " this ")
    x = sheet.blank(x, y, 40, "date", owner=1, style=style)
    x = sheet.say(x, y, " day of ")
    sheet.blank(x, y, 90, "date", owner=1, style=style)
    y -= sheet.leading * 3
    sheet.blank(sheet.margin, y, 180, "signature", owner=1, style=style)
    sheet.say(sheet.margin, y - sheet.leading, sheet.dice.choice(("(Signature of principal)", "PRINCIPAL", "Grantor")))
