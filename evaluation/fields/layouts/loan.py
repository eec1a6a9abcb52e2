"""Held out. An application for a loan: cells with their label at the top, a comb for dates, choices, a signature."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_ROWS: tuple[tuple[tuple[str, Kind], ...], ...] = (
    (("Surname", "name"), ("First names", "name")),
    (("Identity number", "text"), ("Telephone (home)", "text"), ("Cell", "text")),
    (("Postal address", "text"),),
    (("Employer", "text"), ("Occupation", "text")),
    (("Bank", "text"), ("Branch code", "text"), ("Account number", "text")),
)
_CHOICES = ("Married", "Single", "Owner", "Tenant", "Monthly", "Quarterly")


def draw(sheet: Sheet) -> None:
    """A page of cells."""
    y = sheet.page()
    sheet.centred(y, "APPLICATION FOR A LOAN")
    y -= sheet.leading * 2
    tall = sheet.size * 2.8
    for row in sheet.dice.sample(_ROWS, sheet.dice.randint(3, 5)):
        y -= tall
        _cells(sheet, y, tall, row)
    y = _choices(sheet, y - sheet.leading * 2)
    y = _comb(sheet, y - sheet.leading)
    y = sheet.prose(y - sheet.leading, 3) - sheet.leading * 2
    half = sheet.width / 2
    sheet.rule(sheet.margin, half - 30, y)
    sheet.mark("signature", (sheet.margin, y, half - 30, y + sheet.size), owner=1, cue="line")
    sheet.say(sheet.margin, y - sheet.leading * 0.9, "(Signature of borrower)")
    sheet.rule(half + 20, sheet.right, y)
    sheet.mark("date", (half + 20, y, sheet.right, y + sheet.size), owner=1, cue="line")
    sheet.say(half + 20, y - sheet.leading * 0.9, "(Date)")


def _cells(sheet: Sheet, y: float, tall: float, row: tuple[tuple[str, Kind], ...]) -> None:
    wide = (sheet.right - sheet.margin) / len(row)
    for column, (words, kind) in enumerate(row):
        x = sheet.margin + column * wide
        sheet.frame((x, y, x + wide, y + tall))
        sheet.say(x + 3, y + tall - sheet.size, words)
        sheet.mark(kind, (x, y, x + wide, y + tall), owner=1, cue="box")


def _choices(sheet: Sheet, y: float) -> float:
    x = sheet.margin
    for words in sheet.dice.sample(_CHOICES, 3):
        square = (x, y - 1, x + sheet.size, y + sheet.size - 1)
        sheet.frame(square)
        sheet.mark("checkbox", square, owner=1, cue="box")
        x = sheet.say(x + sheet.size + 4, y, words) + 24
    return y - sheet.leading


def _comb(sheet: Sheet, y: float) -> float:
    """Eight small cells for a date, which are one field."""
    x = start = sheet.say(sheet.margin, y, "Date of birth ") + 6
    tall = sheet.size * 1.6
    for letter in "DDMMYYYY":
        sheet.frame((x, y - 4, x + tall, y - 4 + tall))
        sheet.say(x + tall / 4, y - 4 - sheet.size, letter)
        x += tall
    sheet.mark("date", (start, y - 4, x, y - 4 + tall), owner=1, cue="box")
    return y - sheet.leading * 2
