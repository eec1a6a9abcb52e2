"""Thus done and signed, as in Namibia and South Africa: numbered witnesses at the left, who signs at the right."""

from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> None:
    """One such paragraph and its lines for each party."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(2, 8)) - sheet.leading
    style: Style = sheet.dice.choice(("underscores", "underscores", "dots"))
    is_afrikaans = sheet.dice.random() < 0.3
    for owner, party in enumerate(sheet.parties(), start=1):
        y = _sentence(sheet, y, owner, style, is_afrikaans=is_afrikaans) - sheet.leading * 2
        heading = "AS GETUIES:" if is_afrikaans else sheet.dice.choice(("AS WITNESSES:", "AS WITNESSES"))
        sheet.say(sheet.margin, y, heading)
        for number in (1, 2):
            y -= sheet.leading * 2
            x = sheet.say(sheet.margin, y, f"{number}. ")
            sheet.blank(x, y, 130, "signature", owner=owner, style=style)
            if number == 1:
                sheet.blank(sheet.width / 2 + 10, y, 170, "signature", owner=owner, style=style)
                words = f"namens {party}" if is_afrikaans else f"For and on behalf of {party}"
                sheet.say(sheet.width / 2 + 10, y - sheet.leading * 0.9, words)
        y -= sheet.leading * 3


def _sentence(sheet: Sheet, y: float, owner: int, style: Style, *, is_afrikaans: bool) -> float:
    at, day, month = (
        ("Aldus gedoen en geteken te ", " op hierdie ", " dag van ")
        if is_afrikaans
        else (sheet.dice.choice(("THUS DONE AND SIGNED at ", "Thus done and signed at ")), " on this ", " day of ")
    )
    x = sheet.say(sheet.margin, y, at)
    x = sheet.blank(x, y, 70, "place", owner=owner, style=style)
    x = sheet.say(x, y, day)
    x = sheet.blank(x, y, 28, "date", owner=owner, style=style)
    x = sheet.say(x, y, month)
    x = sheet.blank(x, y, 60, "date", owner=owner, style=style)
    x = sheet.say(x, y, " 20")
    sheet.blank(x, y, 18, "date", owner=owner, style=style)
    return y - sheet.leading
