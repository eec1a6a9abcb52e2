"""A form of cells: labels above, inside at the top, or in a column at the left; a comb for dates."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_FIELDS: tuple[tuple[str, Kind], ...] = (
    ("Full name", "name"),
    ("Registration no.", "text"),
    ("Postal address:", "text"),
    ("E-mail", "text"),
    ("VAT number", "text"),
    ("Contact person", "name"),
    ("Commencement date", "date"),
    ("Monthly rent (N$)", "text"),
    ("Description of goods:", "text"),
)


def draw(sheet: Sheet) -> None:
    """One way of labels for the whole form, and a place to sign."""
    y = sheet.page()
    sheet.centred(y, sheet.dice.choice(("SUPPLIER REGISTRATION FORM", "SCHEDULE", "APPLICATION FOR CREDIT")))
    y -= sheet.leading * 2
    way = sheet.dice.choice((_inside, _above, _beside))
    for words, kind in sheet.dice.sample(_FIELDS, sheet.dice.randint(4, 7)):
        y = way(sheet, y, words, kind)
    if sheet.dice.random() < 0.5:
        y = _comb(sheet, y - sheet.leading)
    y -= sheet.leading * 2.5
    _inside(sheet, y, "Signature of applicant", "signature")


def _inside(sheet: Sheet, y: float, words: str, kind: Kind) -> float:
    cell = (sheet.margin, y - sheet.size * 3, sheet.right, y)
    sheet.frame(cell)
    sheet.say(sheet.margin + 3, y - sheet.size, words)
    sheet.mark(kind, cell, owner=1, cue="box")
    return y - sheet.size * 3


def _above(sheet: Sheet, y: float, words: str, kind: Kind) -> float:
    sheet.say(sheet.margin, y - sheet.size, words)
    cell = (sheet.margin, y - sheet.size * 2.9, sheet.margin + 260, y - sheet.size * 1.3)
    sheet.frame(cell)
    sheet.mark(kind, cell, owner=1, cue="box")
    return y - sheet.size * 3.6


def _beside(sheet: Sheet, y: float, words: str, kind: Kind) -> float:
    split, low = sheet.margin + 150, y - sheet.size * 2
    sheet.frame((sheet.margin, low, split, y))
    sheet.frame((split, low, sheet.right, y))
    sheet.say(sheet.margin + 3, low + sheet.size * 0.6, words)
    sheet.mark(kind, (split, low, sheet.right, y), owner=1, cue="box")
    return low


def _comb(sheet: Sheet, y: float) -> float:
    tall = sheet.size * 1.5
    x = start = sheet.say(sheet.margin, y - tall, "Date (DD/MM/YYYY): ") + 4
    for number in range(8):
        x += 6 if number in {2, 4} else 0
        sheet.frame((x, y - tall - 4, x + tall, y - 4))
        x += tall
    sheet.mark("date", (start, y - tall - 4, x, y - 4), owner=1, cue="box")
    return y - tall * 2
