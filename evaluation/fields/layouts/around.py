"""Lines with what they are for behind them, in brackets or not, or right over them."""

from evaluation.fields.label import Kind
from evaluation.fields.sheet import Sheet, Style

_ROWS: tuple[tuple[str, Kind], ...] = (("Signature", "signature"), ("Full name", "name"), ("Date", "date"))


def draw(sheet: Sheet) -> None:
    """One row under the other for each party, and all labels on one side."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(4, 10)) - sheet.leading
    style: Style = sheet.dice.choice(("underscores", "line"))
    side = sheet.dice.choice(("behind", "in brackets", "over"))
    for owner, party in enumerate(sheet.parties(), start=1):
        sheet.say(sheet.margin, y, party, bold=True)
        for words, kind in _ROWS[: sheet.dice.randint(2, 3)]:
            y -= sheet.leading * 3.2
            if side == "over":
                sheet.say(sheet.margin, y + sheet.leading * 1.3, words)
                sheet.blank(sheet.margin, y, 180, kind, owner=owner, style=style)
            else:
                end = sheet.blank(sheet.margin, y, 180, kind, owner=owner, style=style)
                sheet.say(end + 5, y, f"({words})" if side == "in brackets" else words)
        y -= sheet.leading * 3
