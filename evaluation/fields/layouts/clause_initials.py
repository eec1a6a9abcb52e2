"""Initials beside clauses and corrections, before the sentence, behind it, or in a column of a table."""

from evaluation.fields.sheet import Sheet, Style

_SENTENCES = (
    "I have read the risks and understand them.",
    "I agree that calls may be recorded.",
    "The price in clause 4 was changed to N$ 5,000.",
    "I received the rules of the house.",
)


def draw(sheet: Sheet) -> None:
    """A declaration that wants initials for each of its sentences."""
    style: Style = sheet.dice.choice(("underscores", "line"))
    y = sheet.prose(sheet.page(), sheet.dice.randint(3, 8))
    sheet.say(sheet.margin, y, "Please initial each statement:")
    y -= sheet.leading * 2
    way = sheet.dice.choice((_before, _behind, _under))
    if sheet.dice.random() < 0.25:
        y = _table(sheet, y)
    else:
        for sentence in sheet.dice.sample(_SENTENCES, 3):
            y = way(sheet, y, sentence, style)
    y -= sheet.leading * 2
    x = sheet.say(sheet.margin, y, "Signature: ")
    x = sheet.blank(x, y, 150, "signature", owner=1, style=style)
    x = sheet.say(x + 10, y, "Date: ")
    sheet.blank(x, y, 90, "date", owner=1, style=style)


def _before(sheet: Sheet, y: float, sentence: str, style: Style) -> float:
    x = sheet.blank(sheet.margin, y, 40, "initials", owner=None, style=style)
    sheet.say(x + 4, y, f"(initials) {sentence}")
    return y - sheet.leading * 1.8


def _behind(sheet: Sheet, y: float, sentence: str, style: Style) -> float:
    x = sheet.say(sheet.margin, y, f"{sentence}  Initials: ")
    sheet.blank(x, y, 40, "initials", owner=None, style=style)
    return y - sheet.leading * 1.8


def _under(sheet: Sheet, y: float, sentence: str, style: Style) -> float:
    sheet.say(sheet.margin, y, sentence)
    y -= sheet.leading * 1.8
    sheet.blank(sheet.right - 60, y, 50, "initials", owner=None, style=style)
    sheet.say(sheet.right - 60, y - sheet.leading * 0.85, "(initial)")
    return y - sheet.leading * 2.2


def _table(sheet: Sheet, y: float) -> float:
    split, tall = sheet.right - 70, sheet.size * 1.9
    for sentence in ("Statement", *_SENTENCES[:3]):
        sheet.frame((sheet.margin, y, split, y + tall))
        sheet.frame((split, y, sheet.right, y + tall))
        sheet.say(sheet.margin + 3, y + 5, sentence)
        if sentence == "Statement":
            sheet.say(split + 3, y + 5, "Initials")
        else:
            sheet.mark("initials", (split, y, sheet.right, y + tall), owner=None, cue="box")
        y -= tall
    return y
