"""Held out. Nothing to fill in: price tables, rows of dots, rules between sections, headings with a line under them."""

from evaluation.fields.sheet import Sheet


def draw(sheet: Sheet) -> None:
    """A list of contents with dots, a table of prices, ruled sections."""
    y = sheet.page()
    for number in range(sheet.dice.randint(6, 12)):
        words = (
            f"{number + 1}. {sheet.dice.choice(('Signatures', 'Definitions', 'Date of delivery', 'Names', 'Term'))} "
        )
        x = sheet.say(sheet.margin, y, words)
        sheet.leader(x, y, sheet.right - 30 - x, ".")
        sheet.say(sheet.right - 16, y, str(number + 2))
        y -= sheet.leading
    y = _prices(sheet, y - sheet.leading)
    for _ in range(3):
        x0, x1 = sheet.centred(y, sheet.dice.choice(("DATE AND PLACE", "SIGNATORIES", "NOTICES")))
        sheet.rule(x0, x1, y - 2)
        y = sheet.prose(y - sheet.leading * 1.5, 4)
        sheet.rule(sheet.margin, sheet.right, y)
        y -= sheet.leading * 1.5


def _prices(sheet: Sheet, y: float) -> float:
    rows = (("Item", "Date", "Price"), ("Timber", "1 May 2026", "N$ 1,200"), ("Freight", "2 May 2026", "N$ 310"))
    return sheet.table(y, rows) - sheet.leading
