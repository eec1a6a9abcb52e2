"""Held out. An offer to purchase: initials beside clauses and at the foot of every page, the signatures at the end."""

from evaluation.fields.sheet import Sheet, Style

_CLAUSES = (
    "The purchaser has inspected the property and takes it as it stands.",
    "The purchaser knows that the deposit is not paid back if he withdraws.",
    "The seller hands over the certificates for electricity and gas.",
    "Occupation is given on registration, or against occupational rent.",
)


def draw(sheet: Sheet) -> None:
    """Two or three pages."""
    style: Style = sheet.style()
    words = sheet.dice.choice(("Initial: ", "Parties' initials: ", "Paraaf / Initials "))
    pages = sheet.dice.randint(2, 3)
    for number in range(1, pages + 1):
        y = sheet.prose(sheet.page(), sheet.dice.randint(4, 12))
        for clause in sheet.dice.sample(_CLAUSES, 2):
            y = _clause(sheet, y, clause, style)
        if number == pages:
            _sign(sheet, y - sheet.leading, style)
        _foot(sheet, words, f"{number} of {pages}", style)


def _clause(sheet: Sheet, y: float, clause: str, style: Style) -> float:
    sheet.say(sheet.margin, y, clause)
    y -= sheet.leading * 1.6
    for owner, words in ((1, "Purchaser's initials "), (2, "Seller's initials ")):
        x = sheet.say(sheet.margin + (owner - 1) * 190, y, words)
        sheet.blank(x, y, 45, "initials", owner=owner, style=style)
    return y - sheet.leading * 2


def _foot(sheet: Sheet, words: str, number: str, style: Style) -> None:
    foot = sheet.margin * 0.55
    sheet.say(sheet.margin, foot, number)
    x = sheet.say(sheet.right - sheet.wide(words) - 110, foot, words)
    x = sheet.blank(x, foot, 45, "initials", owner=None, style=style)
    x = sheet.say(x, foot, " / ")
    sheet.blank(x, foot, 45, "initials", owner=None, style=style)


def _sign(sheet: Sheet, y: float, style: Style) -> None:
    for owner, role in enumerate(("PURCHASER", "SELLER"), start=1):
        x = sheet.say(sheet.margin, y, "Signed at ")
        x = sheet.blank(x, y, 100, "place", owner=owner, style=style)
        x = sheet.say(x, y, " on ")
        sheet.blank(x, y, 90, "date", owner=owner, style=style)
        y -= sheet.leading * 2.4
        x = sheet.blank(sheet.margin, y, 170, "signature", owner=owner, style=style)
        sheet.say(sheet.margin, y - sheet.leading, role)
        y -= sheet.leading * 3.5
