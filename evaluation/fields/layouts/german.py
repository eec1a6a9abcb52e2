"""German: labels at the left of what to write on, one party under the other."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_ROWS: tuple[tuple[str, Kind], ...] = (
    ("Unterschrift:", "signature"),
    ("Vollständiger Name:", "name"),
    ("Ort:", "place"),
    ("Datum:", "date"),
    ("Funktion:", "text"),
)


def draw(sheet: Sheet) -> None:
    """Blocks with a heading, a witness, and sometimes a place for initials at the foot."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(4, 10), language="de")
    style = sheet.style()
    for owner, party in enumerate(sheet.parties(), start=1):
        sheet.say(sheet.margin, y, sheet.dice.choice(("Für ", "Für die ")) + party, bold=True)
        for words, kind in _ROWS[: sheet.dice.randint(2, 5)]:
            y -= sheet.leading * 1.7
            x = sheet.say(sheet.margin, y, f"{words} ")
            sheet.blank(x, y, 170, kind, owner=owner, style=style)
        y -= sheet.leading * 2.5
    x = sheet.say(sheet.margin, y, "Zeuge: ")
    sheet.blank(x, y, 170, "signature", owner=None, style=style)
    if sheet.dice.random() < 0.5:
        x = sheet.say(sheet.right - 120, sheet.margin * 0.6, "Paraphe: ")
        sheet.blank(x, sheet.margin * 0.6, 50, "initials", owner=None, style=style)
