"""Choices to tick: drawn squares, brackets, or characters of a font of symbols."""

from evaluation.fields.sheet import Sheet

_CHOICES = (
    "I accept the general terms.",
    "Please send me a copy by post.",
    "The deposit was paid.",
    "Insurance is included.",
    "The goods were inspected.",
)


def draw(sheet: Sheet) -> None:
    """Choices, and the signature of the one who chooses."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(3, 8))
    shape = sheet.dice.choice(("square", "bracket", "dingbat"))
    for words in sheet.dice.sample(_CHOICES, sheet.dice.randint(2, 5)):
        x0, x1 = sheet.margin, sheet.margin + sheet.size
        if shape == "square":
            sheet.frame((x0, y - 1, x1, y - 1 + sheet.size))
        elif shape == "bracket":
            x1 = sheet.say(x0, y, "[  ]")
        else:
            x1 = sheet.dingbat(x0, y, "o")
        sheet.mark("checkbox", (x0, y - 1, x1, y - 1 + sheet.size), owner=None, cue="box")
        sheet.say(x1 + 6, y, words)
        y -= sheet.leading * 1.4
    y -= sheet.leading * 2
    x = sheet.say(sheet.margin, y, "Signature: ")
    sheet.blank(x, y, 180, "signature", owner=1, style="underscores")
