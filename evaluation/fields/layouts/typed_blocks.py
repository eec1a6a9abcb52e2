"""Signed contracts as they are filed: labels with or without colons, "/s/" over the label or the printed name."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet

_PEOPLE = ("Anna Haimbodi", "David Meyer", "Frieda Iipinge", "Karl Engel")
_POSTS = ("President", "VP, Marketing", "Chief Financial Officer", "Director", "CEO")


def draw(sheet: Sheet) -> None:
    """Each party's block under its name; one way for both."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(3, 10)) - sheet.leading
    way = sheet.dice.choice((_plain, _signature_over_label, _printed_behind_by, _signed_by))
    for owner, (party, person) in enumerate(zip(sheet.parties(), sheet.dice.sample(_PEOPLE, 2), strict=True), start=1):
        sheet.say(sheet.margin, y, party.upper(), bold=True)
        y -= sheet.leading * 1.8
        y = way(sheet, y, person, owner) - sheet.leading * 1.5


def _plain(sheet: Sheet, y: float, person: str, owner: int) -> float:
    """No colon anywhere."""
    y = _value(sheet, y, "By", f"/s/ {person}", "signature", owner)
    y = _value(sheet, y, "Name", person, "name", owner)
    y = _value(sheet, y, "Title", sheet.dice.choice(_POSTS), "text", owner)
    return _value(sheet, y, "Date", "25/05/2026", "date", owner)


def _signature_over_label(sheet: Sheet, y: float, person: str, owner: int) -> float:
    y = _value(sheet, y, "", f"/s/ {person}", "signature", owner)
    sheet.say(sheet.margin, y, sheet.dice.choice(("Authorized Signature", "Signature", "(Signature)")))
    y = _value(sheet, y - sheet.leading, "Name:", person, "name", owner)
    return _value(sheet, y, "Title:", sheet.dice.choice(_POSTS), "text", owner)


def _printed_behind_by(sheet: Sheet, y: float, person: str, owner: int) -> float:
    """The name behind By: is the printed one, as the signature stands over it."""
    y = _value(sheet, y, "", f"/s/ {person}", "signature", owner)
    y = _value(sheet, y, "By:", person, "name", owner)
    y = _value(sheet, y, "Its:", sheet.dice.choice(_POSTS), "text", owner)
    return _value(sheet, y, "Date:", "4/26/2026", "date", owner)


def _signed_by(sheet: Sheet, y: float, person: str, owner: int) -> float:
    y = _value(sheet, y, "Signed by:", person, "signature", owner)
    y = _value(sheet, y, "Function:", sheet.dice.choice(_POSTS), "text", owner)
    return _value(sheet, y, "Date:", "December 18th, 2025", "date", owner)


def _value(sheet: Sheet, y: float, words: str, value: str, kind: Kind, owner: int) -> float:
    start = sheet.say(sheet.margin, y, f"{words} ") if words else sheet.margin
    end = sheet.say(start, y, value)
    sheet.mark(kind, (start, y, end, y + sheet.size), owner=owner, cue="label_only", filled=True)
    return y - sheet.leading
