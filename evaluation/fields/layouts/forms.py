"""Documents with form fields of their own: named, or with a tooltip, or with nothing but their kind."""

from pypdf.generic import RectangleObject

from evaluation.fields.label import Kind
from evaluation.fields.layouts.widgets import Widget, with_widgets
from evaluation.fields.sheet import Sheet

_FIELDS: tuple[tuple[Kind, str, str, str, str], ...] = (
    ("signature", "/Sig", "Signature_{}", "", "Signature"),
    ("name", "/Tx", "Text{}", "Full name of party {}", "Name"),
    ("date", "/Tx", "date_signed_{}", "", "Date"),
    ("place", "/Tx", "field_{}", "Place of signing", "Place"),
    ("initials", "/Tx", "Initials{}", "", "Initials"),
    ("text", "/Tx", "Text1{}", "", "Company registration"),
    ("text", "/Tx", "Text2{}", "", "Remarks"),
    ("checkbox", "/Btn", "accept{}", "", "I accept"),
)


def draw(sheet: Sheet) -> bytes:
    """A block of widgets for each party."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(3, 6))
    widgets = []
    chosen = [_FIELDS[0], *sheet.dice.sample(_FIELDS[1:], sheet.dice.randint(2, 6))]
    for owner, party in enumerate(sheet.parties(), start=1):
        sheet.say(sheet.margin, y, party, bold=True)
        for kind, form_type, name, tooltip, words in chosen:
            y -= sheet.size * 2
            sheet.say(sheet.margin, y, words)
            wide = sheet.size if kind == "checkbox" else 160
            rect = (sheet.margin + 140, y - 2, sheet.margin + 140 + wide, y + sheet.size)
            sheet.mark(kind, rect, owner=owner, cue="box")
            widgets.append(Widget(0, name.format(owner), form_type, RectangleObject(rect), tooltip.format(owner)))
        y -= sheet.leading * 2.5
    return with_widgets(sheet.written(), widgets)
