"""Held out. A deed in English and Afrikaans, word by word; witnesses at the left, the party at the right."""

from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> None:
    """Two parties, each with two witnesses."""
    y = sheet.prose(sheet.page(), 6)
    y = sheet.prose(y, 4, language="af")
    style: Style = sheet.dice.choice(("underscores", "line"))
    for owner, party in enumerate(sheet.parties(), start=1):
        y = _signing(sheet, y - sheet.leading, owner, style)
        y = _witnesses(sheet, y, owner, party, style) - sheet.leading * 2


def _signing(sheet: Sheet, y: float, owner: int, style: Style) -> float:
    x = sheet.say(sheet.margin, y, "SIGNED at / GETEKEN te ")
    x = sheet.blank(x, y, 100, "place", owner=owner, style=style)
    x = sheet.say(x, y, " on / op ")
    sheet.blank(x, y, 90, "date", owner=owner, style=style)
    return y - sheet.leading * 2


def _witnesses(sheet: Sheet, y: float, owner: int, party: str, style: Style) -> float:
    middle = sheet.width / 2 + 10
    sheet.say(sheet.margin, y, "AS WITNESSES / AS GETUIES:")
    for number in (1, 2):
        y -= sheet.leading * 2
        x = sheet.say(sheet.margin, y, f"{number}. ")
        sheet.blank(x, y, 150, "signature", owner=owner, style=style)
    sheet.blank(middle, y, 190, "signature", owner=owner, style=style)
    y -= sheet.leading
    sheet.say(middle, y, party.upper())
    return y
