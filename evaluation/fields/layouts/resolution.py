"""Held out. A resolution of directors: a table in which each of them signs in a row of its own."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("Name of director", "name"),
    ("Capacity", "text"),
    ("Signature", "signature"),
    ("Date", "date"),
)
_NAMES = ("M. Shikongo", "J. van Wyk", "T. Amutenya", "R. Bauer", "L. //Garoeb", "S. Haufiku")


def draw(sheet: Sheet) -> None:
    """Some directors' names are typed already."""
    y = sheet.page()
    sheet.centred(y, "RESOLUTION OF THE BOARD OF DIRECTORS")
    y = sheet.prose(y - sheet.leading * 2, sheet.dice.randint(3, 8)) - sheet.leading
    columns = [_COLUMNS[0], *sheet.dice.sample(_COLUMNS[1:2], sheet.dice.randint(0, 1)), *_COLUMNS[2:]]
    are_named = sheet.dice.random() < 0.5
    wide, tall = (sheet.right - sheet.margin) / len(columns), sheet.size * sheet.dice.uniform(1.9, 2.8)
    _row(sheet, y, tall, [words for words, _ in columns])
    for owner, name in enumerate(sheet.dice.sample(_NAMES, sheet.dice.randint(2, 5)), start=1):
        y -= tall
        _row(sheet, y, tall, [name if are_named else "", *("" for _ in columns[1:])])
        for column, (_, kind) in enumerate(columns):
            if not (are_named and kind == "name"):
                x = sheet.margin + column * wide
                sheet.mark(kind, (x, y, x + wide, y + tall), owner=owner, cue="box")


def _row(sheet: Sheet, y: float, tall: float, cells: list[str]) -> None:
    wide = (sheet.right - sheet.margin) / len(cells)
    for column, words in enumerate(cells):
        x = sheet.margin + column * wide
        sheet.frame((x, y, x + wide, y + tall))
        sheet.say(x + 3, y + tall * 0.35, words)
