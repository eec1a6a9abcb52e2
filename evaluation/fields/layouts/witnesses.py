"""The parties' lines and, numbered, those of the witnesses of each, in the party's block."""

from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> None:
    """Witnesses under each party's line."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(3, 8)) - sheet.leading
    style: Style = sheet.style()
    for owner, party in enumerate(sheet.parties(), start=1):
        x = sheet.say(sheet.margin, y, f"For {party}: ")
        sheet.blank(x, y, 160, "signature", owner=owner, style=style)
        y -= sheet.leading * 2
        sheet.say(sheet.margin, y, sheet.dice.choice(("AS WITNESSES:", "Witnesses:", "In the presence of:")))
        for number in (1, 2):
            y -= sheet.leading * 1.8
            x = sheet.say(sheet.margin, y, f"{number}. ")
            x = sheet.blank(x, y, 130, "signature", owner=owner, style=style)
            x = sheet.say(x, y, "  Full name: ")
            sheet.blank(x, y, 110, "name", owner=owner, style=style)
        y -= sheet.leading * 3
