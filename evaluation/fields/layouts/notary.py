"""Certificates: gaps in their sentences, a state and a county, and who certifies."""

from evaluation.fields.sheet import Sheet, Style


def draw(sheet: Sheet) -> None:
    """One certificate on a page."""
    style: Style = sheet.dice.choice(("underscores", "dots"))
    y = sheet.page()
    sheet.centred(y, sheet.dice.choice(("CERTIFICATE OF DELIVERY", "ACKNOWLEDGMENT", "CERTIFICATE")))
    y -= sheet.leading * 2.5
    for words in ("STATE OF ", "COUNTY OF "):
        x = sheet.say(sheet.margin, y, words)
        sheet.blank(x, y, 110, "text", owner=None, style=style)
        y -= sheet.leading * 1.7
    y = _line(
        sheet,
        y,
        style,
        ("On this ", "date", 30),
        (" day of ", "date", 80),
        (", 20", "date", 20),
        (", before me", "", 0),
    )
    y = _line(sheet, y, style, ("appeared ", "text", 170), (", the ", "text", 100), (" of", "", 0))
    y = _line(sheet, y, style, ("the company, and paid the sum of $", "text", 80), (" for the", "", 0))
    y = sheet.prose(y, 2) - sheet.leading * 2
    sheet.blank(sheet.margin, y, 190, "signature", owner=1, style=style)
    sheet.say(sheet.margin, y - sheet.leading, sheet.dice.choice(("Notary Public", "(Signature of Notary)")))
    y -= sheet.leading * 2.4
    x = sheet.say(sheet.margin, y, "My commission expires: ")
    sheet.blank(x, y, 90, "date", owner=1, style=style)


def _line(sheet: Sheet, y: float, style: Style, *parts: tuple[str, str, float]) -> float:
    x = sheet.margin
    for words, kind, wide in parts:
        x = sheet.say(x, y, words)
        if kind:
            x = sheet.blank(x, y, wide, kind, owner=None, style=style)  # type: ignore[arg-type]
    return y - sheet.leading * 1.7
