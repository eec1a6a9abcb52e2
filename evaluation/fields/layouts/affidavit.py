"""Held out. An affidavit on a landscape or turned page, with gaps in sentences and a commissioner of oaths."""

from evaluation.fields.layouts.turned import turned
from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> bytes:
    """The deponent swears, and the commissioner certifies."""
    sheet.lay_flat()
    y = sheet.page()
    sheet.centred(y, "AFFIDAVIT")
    style: Style = sheet.dice.choice(("underscores", "dots"))
    y = _sworn(sheet, y - sheet.leading * 2, style)
    y = sheet.prose(y, 3) - sheet.leading * 2
    sheet.blank(sheet.margin, y, 190, "signature", owner=1, style=style)
    sheet.say(sheet.margin, y - sheet.leading, "DEPONENT")
    y = _certified(sheet, y - sheet.leading * 3, style)
    sheet.blank(sheet.margin, y, 190, "signature", owner=2, style=style)
    sheet.say(sheet.margin, y - sheet.leading, "COMMISSIONER OF OATHS")
    y -= sheet.leading * 2.5
    for words, kind in (("Full name: ", "name"), ("Designation: ", "text"), ("Business address: ", "text")):
        x = sheet.say(sheet.margin, y, words)
        sheet.blank(x, y, 200, kind, owner=2, style=style)  # type: ignore[arg-type]
        y -= sheet.leading * 1.7
    data = sheet.written()
    return turned(data) if sheet.dice.random() < 0.5 else data


def _sworn(sheet: Sheet, y: float, style: Style) -> float:
    x = sheet.say(sheet.margin, y, "I, the undersigned, ")
    x = sheet.blank(x, y, 160, "name", owner=None, style=style)
    x = sheet.say(x, y, ", with identity number ")
    x = sheet.blank(x, y, 110, "text", owner=None, style=style)
    sheet.say(x, y, ", do hereby make oath and say:")
    return y - sheet.leading * 2


def _certified(sheet: Sheet, y: float, style: Style) -> float:
    x = sheet.say(sheet.margin, y, "Signed and sworn to before me at ")
    x = sheet.blank(x, y, 90, "place", owner=2, style=style)
    x = sheet.say(x, y, " on this ")
    x = sheet.blank(x, y, 30, "date", owner=2, style=style)
    x = sheet.say(x, y, " day of ")
    x = sheet.blank(x, y, 80, "date", owner=2, style=style)
    sheet.say(x, y, " 2026.")
    return y - sheet.leading * 3
