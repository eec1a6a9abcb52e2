"""Blanks that a draft left in running text, which are text to fill in, and then a signature block."""

from evaluation.fields.sheet import Sheet

_CLAUSES = (
    ("The rent is N$ ", " for each month and is paid in advance."),
    ("The goods are delivered to ", " at the cost of the seller."),
    ("This clause survives for a period of ", " months after the end of this agreement."),
    ("The security is described in schedule ", ", which is part of this agreement."),
)


def draw(sheet: Sheet) -> None:
    """Clauses with gaps, and two lines to sign on."""
    y = sheet.page()
    for before, after in sheet.dice.sample(_CLAUSES, 3):
        y = sheet.prose(y, 2)
        x = sheet.say(sheet.margin, y, before)
        x = sheet.blank(x, y, sheet.dice.choice((30, 60, 90)), "text", owner=None, style="underscores")
        sheet.say(x, y, after)
        y -= sheet.leading * 1.5
    y -= sheet.leading
    sheet.say(sheet.margin, y, "Signed by the parties:")
    for owner, party in enumerate(sheet.parties(), start=1):
        y -= sheet.leading * 2
        x = sheet.say(sheet.margin, y, f"{party}: ")
        sheet.blank(x, y, 150, "signature", owner=owner, style="underscores")
