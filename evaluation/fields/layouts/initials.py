"""Initials at the foot of every page, and the signatures on the last."""

from evaluation.fields.sheet import Sheet


def draw(sheet: Sheet) -> None:
    """Two to four pages with a place for each party's initials."""
    style = sheet.style()
    words = sheet.dice.choice(("Initials: ", "Initial here: ", "Initials "))
    pages = sheet.dice.randint(2, 4)
    for number in range(1, pages + 1):
        y = sheet.prose(sheet.page(), sheet.dice.randint(10, 20))
        if number == pages:
            _sign(sheet, y - sheet.leading)
        foot = sheet.margin * 0.6
        for owner in (1, 2):
            x = sheet.margin if owner == 1 else sheet.width / 2
            x = sheet.say(x, foot, words)
            sheet.blank(x, foot, 50, "initials", owner=owner, style=style)


def _sign(sheet: Sheet, y: float) -> None:
    for owner, party in enumerate(sheet.parties(), start=1):
        sheet.say(sheet.margin, y, party, bold=True)
        y -= sheet.leading * 2
        x = sheet.say(sheet.margin, y, "Signature: ")
        sheet.blank(x, y, 180, "signature", owner=owner, style="underscores")
        y -= sheet.leading * 2.5
