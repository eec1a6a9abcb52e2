"""Held out. Nothing to fill in: an agenda with dots, a table with empty cells, ruled sections, names in a list."""

from evaluation.fields.sheet import Sheet

_WORDS = ("Opening", "Names of members", "Signature of the minutes", "Date of the next meeting", "Place", "Closing")


def draw(sheet: Sheet) -> None:
    """A page of contents and a page of minutes."""
    y = sheet.page()
    for number, words in enumerate(_WORDS, start=1):
        x = sheet.say(sheet.margin + 12 * (number % 2), y, f"{number}.1 {words}")
        end = sheet.leader(x + 2, y, sheet.right - 36 - x, sheet.dice.choice((".", ". ")))
        sheet.say(end + 4, y, f"A-{number}")
        y -= sheet.leading
    y = sheet.page()
    x0, x1 = sheet.centred(y, "MINUTES OF THE SIGNING COMMITTEE")
    sheet.rule(x0, x1, y - 2)
    y = sheet.prose(y - sheet.leading * 2, sheet.dice.randint(3, 6))
    sheet.rule(sheet.margin, sheet.margin + 140, y)
    y = _attendance(sheet, y - sheet.leading * 2)
    for words in ("Date: 4 May 2026", "Place: Rundu", "Present: J. van Wyk, M. Shikongo"):
        sheet.say(sheet.margin, y, words)
        y -= sheet.leading
    sheet.prose(y - sheet.leading, 4)


def _attendance(sheet: Sheet, y: float) -> float:
    """Who came when: not every cell has something to say, and none is there to be filled in."""
    rows = (("Member", "Arrived", "Left", "Remarks"), ("J. van Wyk", "09:00", "", ""), ("M. Shikongo", "", "11:00", ""))
    return sheet.table(y, rows) - sheet.leading
