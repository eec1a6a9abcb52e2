"""Two parties side by side, each with By, Name, Title and perhaps Date."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_ROWS: tuple[tuple[str, Kind], ...] = (("By:", "signature"), ("Name:", "name"), ("Title:", "text"), ("Date:", "date"))


def draw(sheet: Sheet) -> None:
    """One block in each half of the page, level with the other."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(4, 20))
    y = sheet.prose(y, 1) - sheet.leading
    style = sheet.style()
    rows = _ROWS[: sheet.dice.randint(2, 4)]
    pitch = sheet.leading * sheet.dice.uniform(1.3, 2.2)
    columns = [(1, sheet.margin), (2, sheet.width / 2 + 12)]
    for (owner, x), party in zip(columns, sheet.parties(), strict=True):
        sheet.say(x, y, party.upper(), bold=True)
        for number, (words, kind) in enumerate(rows, start=1):
            start = sheet.say(x, y - number * pitch - sheet.leading, f"{words} ")
            wide = sheet.width / 2 - 24 - sheet.margin - (start - x)
            sheet.blank(start, y - number * pitch - sheet.leading, wide, kind, owner=owner, style=style)
