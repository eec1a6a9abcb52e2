"""Held out. A form with fields of its own on page 1, and a page behind it that only asks in words."""

from pypdf.generic import RectangleObject

from evaluation.fields.layouts.widgets import Widget, with_widgets
from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> bytes:
    """Widgets for one party, drawn lines for the other."""
    y = sheet.prose(sheet.page(), 6)
    widgets = []
    for kind, name, form_type in (("signature", "Signature1", "/Sig"), ("name", "FullName", "/Tx")):
        y -= sheet.leading * 3
        x = sheet.say(sheet.margin, y, f"{name}: ")
        rect = (x, y - 3, x + 180, y + sheet.size * 1.5)
        sheet.mark(kind, rect, owner=1, cue="box")  # type: ignore[arg-type]
        widgets.append(Widget(0, name, form_type, RectangleObject(rect)))
    y = sheet.prose(sheet.page(), 4) - sheet.leading
    style: Style = sheet.dice.choice(("underscores", "line"))
    sheet.say(sheet.margin, y, sheet.parties()[1].upper())
    for words, kind in (("Signature:", "signature"), ("Name:", "name"), ("Date:", "date")):
        y -= sheet.leading * 2
        x = sheet.say(sheet.margin, y, f"{words} ")
        sheet.blank(x, y, 170, kind, owner=2, style=style)  # type: ignore[arg-type]
    return with_widgets(sheet.written(), widgets)
