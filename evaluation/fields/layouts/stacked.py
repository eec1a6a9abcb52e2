"""Two or three parties one under the other, the labels at the left of what to write on."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_ROWS: tuple[tuple[str, Kind], ...] = (
    ("Signature:", "signature"),
    ("Full name:", "name"),
    ("Designation:", "text"),
    ("Date:", "date"),
    ("Place:", "place"),
)


def draw(sheet: Sheet) -> None:
    """Labels in a column of their own, or right before what they are for."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(4, 10))
    style = sheet.style()
    rows = [_ROWS[0], *sheet.dice.sample(_ROWS[1:], sheet.dice.randint(1, 4))]
    aligned = sheet.dice.random() < 0.5
    for owner, party in enumerate(sheet.parties(sheet.dice.choice((2, 2, 3))), start=1):
        sheet.say(sheet.margin, y, sheet.dice.choice(("For and on behalf of ", "")) + party, bold=True)
        for words, kind in rows:
            y -= sheet.leading * 1.7
            x = sheet.say(sheet.margin, y, f"{words} ")
            start = sheet.margin + 100 if aligned else x
            sheet.blank(start, y, 180, kind, owner=owner, style=style)
        y -= sheet.leading * 2.5
