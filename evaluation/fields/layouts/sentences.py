"""As contracts of Southern Africa have it: "Signed at … on this … day of …", and the line to sign on below."""

from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> None:
    """A sentence and a line for each party."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(5, 12)) - sheet.leading
    style = sheet.style()
    for owner, party in enumerate(sheet.parties(), start=1):
        _sentence(sheet, y, owner, style)
        y -= sheet.leading * 3
        x = sheet.margin + sheet.dice.choice((0, 0, 220))
        sheet.blank(x, y, 190, "signature", owner=owner, style=style)
        y -= sheet.leading
        sheet.say(x, y, sheet.dice.choice(("For and on behalf of: ", "For: ", "")) + party)
        y -= sheet.leading * 3


def _sentence(sheet: Sheet, y: float, owner: int, style: Style) -> None:
    x = sheet.say(sheet.margin, y, sheet.dice.choice(("SIGNED at ", "Signed at ", "Thus done and signed at ")))
    x = sheet.blank(x, y, 90, "place", owner=owner, style=style)
    x = sheet.say(x, y, " on this ")
    x = sheet.blank(x, y, 32, "date", owner=owner, style=style)
    x = sheet.say(x, y, " day of ")
    x = sheet.blank(x, y, 64, "date", owner=owner, style=style)
    x = sheet.say(x, y, " 20")
    sheet.blank(x, y, 18, "date", owner=owner, style=style)
