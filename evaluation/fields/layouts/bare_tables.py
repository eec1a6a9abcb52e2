"""Nothing to fill in: tables with empty cells, headings with a line under them, rules, footnotes, lists with dots."""

from evaluation.fields.sheet import Sheet

_TABLES = (
    (("Product", "Name", "Price"), ("A-1", "Timber", ""), ("A-2", "", "N$ 310"), ("A-3", "Freight", "N$ 20")),
    (("Date", "Event", "Title"), ("1 May", "Start", ""), ("2 May", "", "Report"), ("9 May", "End", "")),
    (("Signature rules", "Amount", ""), ("One director", "10,000", ""), ("Two directors", "", "")),
)


def draw(sheet: Sheet) -> None:
    """A page of contents, and one of what only looks like a field."""
    y = sheet.page()
    for words in ("1. Signed copies", "2. Name and seat", "3. Dates", "4. Initial period", "Annex A. Title"):
        x = sheet.say(sheet.margin, y, words)
        end = sheet.leader(x + 3, y, sheet.right - 40 - x, sheet.dice.choice((".", "_", ". ")))
        sheet.say(end + 3, y, sheet.dice.choice((str(sheet.dice.randint(1, 40)), "iv", "B-2", "Annex C")))
        y -= sheet.leading
    y = sheet.page()
    sheet.rule(sheet.margin, sheet.right, y + sheet.leading)
    x = sheet.say(sheet.margin, y, "2.1 Date of signature", bold=True)
    sheet.rule(sheet.margin, x, y - 1.5)
    y = sheet.prose(y - sheet.leading * 2, sheet.dice.randint(3, 8))
    y = sheet.table(y, sheet.dice.choice(_TABLES))
    for words in sheet.dice.sample(("Date: 7 June 2026", "Name: Timber", "Place of origin: Rundu", "Title: Report"), 2):
        sheet.say(sheet.margin, y, words)
        y -= sheet.leading
    y = sheet.prose(y - sheet.leading, 3)
    sheet.rule(sheet.margin, sheet.margin + 144, y)
    sheet.say(sheet.margin, y - sheet.leading, "1 The name of the party is that in the register.")
    sheet.centred(sheet.margin * 0.6, "- 2 -")
