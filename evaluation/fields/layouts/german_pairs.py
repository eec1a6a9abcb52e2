"""Held out. German: place and date at the left, the signature at the right, what they are for under the lines."""

from evaluation.fields.sheet import Sheet, Style

_ROLES = (("Vermieter", "Mieter"), ("Verkäufer", "Käufer"), ("Auftraggeber", "Auftragnehmer"))


def draw(sheet: Sheet) -> None:
    """A pair of lines for each party, and sometimes a name in block letters."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(6, 14), language="de") - sheet.leading * 2
    style: Style = sheet.dice.choice(("underscores", "line"))
    with_names = sheet.dice.random() < 0.5
    for owner, role in enumerate(sheet.dice.choice(_ROLES), start=1):
        y = _pair(sheet, y, owner, f"Unterschrift {role}", style)
        if with_names:
            y -= sheet.leading
            sheet.blank(sheet.width / 2, y, 180, "name", owner=owner, style=style)
            y -= sheet.leading
            sheet.say(sheet.width / 2, y, "Name in Druckbuchstaben")
        y -= sheet.leading * 3


def _pair(sheet: Sheet, y: float, owner: int, words: str, style: Style) -> float:
    sheet.blank(sheet.margin, y, 150, "place", owner=owner, style=style)
    sheet.blank(sheet.width / 2, y, 180, "signature", owner=owner, style=style)
    y -= sheet.leading
    sheet.say(sheet.margin, y, "Ort, Datum")
    sheet.say(sheet.width / 2, y, words)
    return y
