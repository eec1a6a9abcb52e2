"""Held out. Signature blocks as tables with borders: a cell says what its neighbour is for."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_ROWS: tuple[tuple[str, Kind], ...] = (
    ("Signature", "signature"),
    ("Name", "name"),
    ("Capacity", "text"),
    ("Date", "date"),
    ("Place", "place"),
)


def draw(sheet: Sheet) -> None:
    """One table under the other, or one table with a column for each party."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(5, 12))
    rows = [_ROWS[0], *sheet.dice.sample(_ROWS[1:], sheet.dice.randint(2, 4))]
    parties = sheet.parties()
    if sheet.dice.random() < 0.5:
        for owner, party in enumerate(parties, start=1):
            y = _table(sheet, y, rows, [(owner, party)]) - 2 * sheet.leading
    else:
        _table(sheet, y, rows, list(enumerate(parties, start=1)))


def _table(sheet: Sheet, y: float, rows: list[tuple[str, Kind]], parties: list[tuple[int, str]]) -> float:
    tall = sheet.size * 2.2
    labels_end = sheet.margin + 90
    wide = (sheet.right - labels_end) / max(2, len(parties))
    _row(sheet, y, ["", *(party for _, party in parties)], labels_end, wide)
    for words, kind in rows:
        y -= tall
        _row(sheet, y, [words, *("" for _ in parties)], labels_end, wide)
        for column, (owner, _) in enumerate(parties):
            x = labels_end + column * wide
            sheet.mark(kind, (x, y, x + wide, y + tall), owner=owner, cue="box")
    return y


def _row(sheet: Sheet, y: float, cells: list[str], labels_end: float, wide: float) -> None:
    tall = sheet.size * 2.2
    x0, x1 = sheet.margin, labels_end
    for words in cells:
        sheet.frame((x0, y, x1, y + tall))
        sheet.say(x0 + 4, y + sheet.size * 0.7, words)
        x0, x1 = x1, x1 + wide
