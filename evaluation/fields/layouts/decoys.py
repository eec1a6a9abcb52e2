"""Nothing to fill in: tables, headings with a line, contents with dots."""

from evaluation.fields.sheet import Sheet


def draw(sheet: Sheet) -> None:
    """A page of contents, and a page of what only looks like a field."""
    y = sheet.page()
    for number in range(sheet.dice.randint(5, 10)):
        x = sheet.say(sheet.margin, y, f"{number + 1}  {sheet.dice.choice(('Definitions', 'Payment', 'Signature'))} ")
        end = sheet.leader(x, y, sheet.right - 30 - x, ".")
        sheet.say(end + 4, y, str(number + 2))
        y -= sheet.leading
    y = sheet.page()
    for _ in range(3):
        x0, x1 = sheet.centred(y, sheet.dice.choice(("SIGNATURE OF THIS AGREEMENT", "NAME", "GENERAL TERMS")))
        sheet.rule(x0, x1, y - 1.5)
        y = sheet.prose(y - sheet.leading * 2, 4)
    _table(sheet, y)


def _table(sheet: Sheet, y: float) -> None:
    wide = (sheet.right - sheet.margin) / 2
    for left, right in (("Description", "Amount"), ("Rent for May", "N$ 4,000"), ("Deposit", "N$ 8,000")):
        sheet.frame((sheet.margin, y - 5, sheet.margin + wide, y + sheet.size + 3))
        sheet.frame((sheet.margin + wide, y - 5, sheet.right, y + sheet.size + 3))
        sheet.say(sheet.margin + 4, y, left)
        sheet.say(sheet.margin + wide + 4, y, right)
        y -= sheet.size + 8
