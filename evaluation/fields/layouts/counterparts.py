"""Held out. Signature pages of a contract as they are filed: everything typed, labels with and without colons."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_PEOPLE = ("Mary Nghidinwa", "Peter Brandt", "Ruth Uises", "Simon Katjivena")
_POSTS = ("Managing Director", "Company Secretary", "Chief Executive Officer", "Attorney in Fact")
_DATES = ("3 May 2026", "12/06/2026", "June 9, 2026")


def draw(sheet: Sheet) -> None:
    """Two blocks, one under the other or side by side."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(3, 10)) - sheet.leading
    colon = sheet.dice.choice((":", ""))
    by = sheet.dice.choice(("By", "Signed by"))
    is_level = sheet.dice.random() < 0.5
    rows = sheet.dice.sample((("Name", "name"), ("Title", "text"), ("Date", "date")), sheet.dice.randint(1, 3))
    for owner, (party, person) in enumerate(zip(sheet.parties(), sheet.dice.sample(_PEOPLE, 2), strict=True), start=1):
        x = sheet.width / 2 + 10 if is_level and owner == 2 else sheet.margin
        values = {"name": person, "text": sheet.dice.choice(_POSTS), "date": sheet.dice.choice(_DATES)}
        line = y
        sheet.say(x, line, party.upper(), bold=True)
        line -= sheet.leading * 1.8
        _value(sheet, x, line, f"{by}{colon}", f"/s/ {person}", "signature", owner)
        for words, kind in rows:
            line -= sheet.leading
            _value(sheet, x, line, f"{words}{colon}", values[kind], kind, owner)  # type: ignore[arg-type]
        if not is_level:
            y = line - sheet.leading * 2.5


def _value(sheet: Sheet, x: float, y: float, words: str, value: str, kind: Kind, owner: int) -> None:
    start = sheet.say(x, y, f"{words} ")
    end = sheet.say(start, y, value)
    sheet.mark(kind, (start, y, end, y + sheet.size), owner=owner, cue="label_only", filled=True)
