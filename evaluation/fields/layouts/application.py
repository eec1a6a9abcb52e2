"""A form of lines whose labels stand under them in brackets, choices in brackets and squares, a declaration."""

from evaluation.fields.label import Kind
from evaluation.fields.layouts.turned import turned
from evaluation.fields.sheet import Sheet, Style

_ROWS: tuple[tuple[tuple[str, Kind], ...], ...] = (
    (("Surname", "name"), ("First name", "name")),
    (("Street address", "text"), ("Town", "text")),
    (("Identity number", "text"), ("Date of birth", "date")),
    (("Telephone", "text"), ("E-mail address", "text")),
)
_CHOICES = ("Mr", "Mrs", "Dr", "New member", "Renewal", "Yes", "No")


def draw(sheet: Sheet) -> bytes:
    """Upright, on a landscape page, or stored on its side."""
    shape = sheet.dice.choice(("upright", "landscape", "turned"))
    if shape == "landscape":
        sheet.lay_flat()
    y = sheet.page()
    sheet.centred(y, "APPLICATION FORM")
    y -= sheet.leading * 3
    style: Style = sheet.style()
    for row in sheet.dice.sample(_ROWS, sheet.dice.randint(2, 4)):
        _lines(sheet, y, row, style)
        y -= sheet.leading * 3
    y = _choices(sheet, y)
    y = sheet.prose(y, 3) - sheet.leading * 2
    _lines(sheet, y, (("Signature of applicant", "signature"), ("Date", "date")), style)
    data = sheet.written()
    return turned(data) if shape == "turned" else data


def _lines(sheet: Sheet, y: float, row: tuple[tuple[str, Kind], ...], style: Style) -> None:
    wide = (sheet.right - sheet.margin) / len(row)
    for column, (words, kind) in enumerate(row):
        x = sheet.margin + column * wide
        sheet.blank(x, y, wide - 30, kind, owner=1, style=style)
        sheet.say(x, y - sheet.leading * 0.9, f"({words})")


def _choices(sheet: Sheet, y: float) -> float:
    mark = sheet.dice.choice(("[ ]", "(  )", "square"))
    x = sheet.margin
    for words in sheet.dice.sample(_CHOICES, 3):
        start = x
        if mark == "square":
            sheet.frame((x, y - 1, x + sheet.size, y + sheet.size - 1))
            x += sheet.size
        else:
            x = sheet.say(x, y, mark)
        sheet.mark("checkbox", (start, y - 1, x, y + sheet.size - 1), owner=1, cue="box")
        x = sheet.say(x + 4, y, words) + 30
    return y - sheet.leading * 2
