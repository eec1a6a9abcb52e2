"""Lines with what they are for written under them."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet, Style

_ROWS: tuple[tuple[str, Kind], ...] = (("Signature", "signature"), ("Print name", "name"), ("Date", "date"))


def draw(sheet: Sheet) -> None:
    """One row of lines for each party, or its lines one under the other."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(5, 12)) - sheet.leading
    style: Style = sheet.dice.choice(("underscores", "line"))
    in_a_row = sheet.dice.random() < 0.5
    for owner, party in enumerate(sheet.parties(), start=1):
        sheet.say(sheet.margin, y, party, bold=True)
        y -= sheet.leading * 2.5
        for column, (words, kind) in enumerate(_ROWS):
            x = sheet.margin + (column * (sheet.right - sheet.margin) / 3 if in_a_row else 0)
            sheet.blank(x, y, 130, kind, owner=owner, style=style)
            sheet.say(x, y - sheet.leading, words)
            if not in_a_row:
                y -= sheet.leading * 3
        y -= sheet.leading * (3 if in_a_row else 1)
