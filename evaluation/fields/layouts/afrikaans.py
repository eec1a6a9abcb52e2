"""Afrikaans: "Geteken te … op hierdie … dag van …", the party's line, its witnesses."""

from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> None:
    """A sentence, a line with a label, and two witnesses for each party."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(4, 8), language="af") - sheet.leading
    style = sheet.style()
    with_sentence = sheet.dice.random() < 0.6
    for owner, party in enumerate(sheet.parties(), start=1):
        if with_sentence:
            _sentence(sheet, y, owner, style)
            y -= sheet.leading * 2.5
        sheet.say(sheet.margin, y, f"Namens {party}", bold=True)
        for words, kind in (("Handtekening:", "signature"), ("Volle naam:", "name"), ("Datum:", "date")):
            if with_sentence and kind == "date":
                continue
            y -= sheet.leading * 1.7
            x = sheet.say(sheet.margin, y, f"{words} ")
            sheet.blank(x, y, 170, kind, owner=owner, style=style)  # type: ignore[arg-type]
        y -= sheet.leading * 1.7
        sheet.say(sheet.margin, y, "As getuies:")
        y -= sheet.leading * 1.7
        for number in (1, 2):
            x = sheet.say(sheet.margin + (number - 1) * 220, y, f"{number}. ")
            sheet.blank(x, y, 140, "signature", owner=owner, style=style)
        y -= sheet.leading * 2.5


def _sentence(sheet: Sheet, y: float, owner: int, style: Style) -> None:
    x = sheet.say(sheet.margin, y, "Geteken te ")
    x = sheet.blank(x, y, 90, "place", owner=owner, style=style)
    x = sheet.say(x, y, " op hierdie ")
    x = sheet.blank(x, y, 32, "date", owner=owner, style=style)
    x = sheet.say(x, y, " dag van ")
    x = sheet.blank(x, y, 70, "date", owner=owner, style=style)
    sheet.say(x, y, " 2026.")
