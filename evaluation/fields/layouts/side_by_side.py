"""Two or three parties side by side: lines, labels alone, or typed; some with an empty By: over the name."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_ROWS: tuple[tuple[str, Kind], ...] = (
    ("By", "signature"),
    ("Name", "name"),
    ("Title", "text"),
    ("Date", "date"),
    ("Address", "text"),
)
_TYPED = {"name": "Mary Nghidinwa", "text": "Director", "date": "3 May 2026", "signature": "/s/ Mary Nghidinwa"}


def draw(sheet: Sheet) -> None:
    """Roles over names or names alone, in capitals or not."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(3, 10)) - sheet.leading
    count = sheet.dice.choice((2, 2, 3))
    wide = (sheet.right - sheet.margin) / count
    way = sheet.dice.choice(("lines", "labels", "typed", "mixed"))
    rows = [_ROWS[0], *sheet.dice.sample(_ROWS[1:], sheet.dice.randint(1, 3))]
    is_loud, has_role = sheet.dice.random() < 0.5, sheet.dice.random() < 0.4
    parties = ("Alpha CC", "Beta Ltd", "Gamma Inc.", "Delta LLC", "Epsilon GmbH", "Kappa Corp.")
    for owner, party in enumerate(sheet.dice.sample(parties, count), start=1):
        x, line = sheet.margin + (owner - 1) * wide, y
        if has_role:
            sheet.say(x, line, ("LICENSOR:", "LICENSEE:", "GUARANTOR:")[owner - 1])
            line -= sheet.leading * 1.3
        sheet.say(x, line, party.upper() if is_loud else party, bold=True)
        line -= sheet.leading * 0.6
        for words, kind in rows:
            line -= sheet.leading * 1.6
            _row(sheet, x, line, wide, words, kind, owner, way)


def _row(sheet: Sheet, x: float, y: float, wide: float, words: str, kind: Kind, owner: int, way: str) -> None:
    start = sheet.say(x, y, f"{words}: ")
    end = x + wide - 14
    if way == "typed" or (way == "mixed" and kind in {"name", "text"}):
        end = sheet.say(start, y, _TYPED[kind])
        sheet.mark(kind, (start, y, end, y + sheet.size), owner=owner, cue="label_only", filled=True)
    elif way == "labels":
        sheet.mark(kind, (start, y, end, y + sheet.size), owner=owner, cue="label_only")
    else:
        sheet.blank(start, y, end - start, kind, owner=owner, style="underscores" if way == "mixed" else "line")
