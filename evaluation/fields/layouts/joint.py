"""Held out. Three parties side by side, each with its name over the lines, and a witness under each."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet, Style

_ROWS: tuple[tuple[str, Kind], ...] = (("By", "signature"), ("Name", "name"), ("Position", "text"), ("Date", "date"))


def draw(sheet: Sheet) -> None:
    """Labels at the left of the lines, or nothing but labels with colons."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(4, 12)) - sheet.leading
    sheet.say(sheet.margin, y, "The parties sign by their authorised representatives:")
    y -= sheet.leading * 2.5
    style: Style = sheet.dice.choice(("underscores", "line"))
    wide = (sheet.right - sheet.margin) / 3
    rows = [_ROWS[0], *sheet.dice.sample(_ROWS[1:], sheet.dice.randint(1, 3))]
    has_witness = sheet.dice.random() < 0.5
    for owner, party in enumerate(sheet.dice.sample(("ALPHA CC", "BETA LTD", "GAMMA INC.", "DELTA LLC"), 3), start=1):
        x = sheet.margin + (owner - 1) * wide
        sheet.say(x, y, party, bold=True)
        for number, (words, kind) in enumerate(rows, start=1):
            _line(sheet, x, y - number * sheet.leading * 1.9, wide, words, kind, owner, style)
        if has_witness:
            _line(sheet, x, y - (len(rows) + 1.5) * sheet.leading * 1.9, wide, "Witness", "signature", owner, style)


def _line(sheet: Sheet, x: float, y: float, wide: float, words: str, kind: Kind, owner: int, style: Style) -> None:
    start = sheet.say(x, y, f"{words}: ")
    sheet.blank(start, y, x + wide - 14 - start, kind, owner=owner, style=style)
