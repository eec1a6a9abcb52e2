"""A table whose first row says what the cells under it are for: directors, sureties, deliveries."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("Full name", "name"),
    ("Identity number", "text"),
    ("Capacity", "text"),
    ("Signature", "signature"),
    ("Date", "date"),
)


def draw(sheet: Sheet) -> None:
    """Some columns are typed already."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(3, 8)) - sheet.leading
    columns = [_COLUMNS[0], *sheet.dice.sample(_COLUMNS[1:3], sheet.dice.randint(0, 2)), *_COLUMNS[3:]]
    wide, tall = (sheet.right - sheet.margin) / len(columns), sheet.size * sheet.dice.uniform(1.8, 2.8)
    is_named = sheet.dice.random() < 0.5
    has_frames = sheet.dice.random() < 0.7
    for owner in range(sheet.dice.randint(3, 6)):
        for column, (words, kind) in enumerate(columns):
            x = sheet.margin + column * wide
            typed = words if owner == 0 else f"Person {owner}" if is_named and kind == "name" else ""
            cell = (x, y, x + wide, y + tall)
            _cell(sheet, cell, typed, has_frames=has_frames)
            if not typed:
                sheet.mark(kind, cell, owner=owner, cue="box")
        y -= tall


def _cell(sheet: Sheet, cell: tuple[float, float, float, float], words: str, *, has_frames: bool) -> None:
    x0, y0, x1, y1 = cell
    if has_frames:
        sheet.frame(cell)
    else:
        sheet.rule(x0, x1, y0)
        sheet.rule(x0, x1, y1)
        for x in (x0, x1):
            sheet.frame((x - 0.2, y0, x + 0.2, y1))
    sheet.say(x0 + 3, y0 + (y1 - y0) * 0.35, words)
