"""Boxes to write in, with what they are for in their corner or before them."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_BOXES: tuple[tuple[str, Kind], ...] = (("Signature", "signature"), ("Full name", "name"), ("Date", "date"))


def draw(sheet: Sheet) -> None:
    """A row of boxes for each party."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(4, 10))
    inside = sheet.dice.random() < 0.5
    for owner, party in enumerate(sheet.parties(), start=1):
        sheet.say(sheet.margin, y, party, bold=True)
        y -= sheet.leading
        tall = sheet.size * (3.2 if inside else 2)
        for column, (words, kind) in enumerate(_BOXES):
            if inside:
                wide = (sheet.right - sheet.margin) / len(_BOXES)
                rect = (sheet.margin + column * wide, y - tall, sheet.margin + (column + 1) * wide - 8, y)
                sheet.say(rect[0] + 3, y - sheet.size, words)
            else:
                rect = (sheet.margin + 90, y - tall, sheet.margin + 290, y)
                sheet.say(sheet.margin, y - tall + 6, f"{words}:")
                y -= tall + 8
            sheet.frame(rect)
            sheet.mark(kind, rect, owner=owner, cue="box")
        y -= tall + sheet.leading * 2
