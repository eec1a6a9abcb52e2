"""Held out. A letter that the other side accepts by signing under it."""

from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> None:
    """The sender's closing, then "Accepted and agreed"."""
    y = sheet.page()
    sheet.say(sheet.margin, y, "Dear Sir or Madam,")
    y = sheet.prose(y - sheet.leading * 2, sheet.dice.randint(8, 16)) - sheet.leading
    sender, reader = sheet.parties()
    style: Style = sheet.dice.choice(("underscores", "line"))
    sheet.say(sheet.margin, y, "Very truly yours,")
    y = _block(sheet, y - sheet.leading * 2, 1, sender, style)
    sheet.say(sheet.margin, y, "Accepted and agreed to as of the date first written above:")
    y = _block(sheet, y - sheet.leading * 2, 2, reader, style)
    x = sheet.say(sheet.margin, y, "Date: ")
    sheet.blank(x, y, 120, "date", owner=2, style=style)


def _block(sheet: Sheet, y: float, owner: int, party: str, style: Style) -> float:
    sheet.say(sheet.margin, y, party.upper())
    y -= sheet.leading * 2
    x = sheet.say(sheet.margin, y, "By: ")
    sheet.blank(x, y, 180, "signature", owner=owner, style=style)
    for words in ("Name: ", "Its: "):
        y -= sheet.leading * 1.4
        x = sheet.say(sheet.margin, y, words)
        sheet.blank(x, y, 160, "name" if words == "Name: " else "text", owner=owner, style=style)
    return y - sheet.leading * 2.5
