"""Signed already, on paper, and typed off: "/s/" and a name where the signature was."""

from evaluation.fields.sheet import Sheet

_PEOPLE = ("Anna Beukes", "Ben Haufiku", "Carla Nangolo", "David Witbooi", "Erika Strauss")


def draw(sheet: Sheet) -> None:
    """Blocks that are filled in, with or without the underscores around the name."""
    y = sheet.prose(sheet.page(), sheet.dice.randint(5, 15))
    underlined = sheet.dice.random() < 0.5
    people = sheet.dice.sample(_PEOPLE, 2)
    for owner, (party, person) in enumerate(zip(sheet.parties(), people, strict=True), start=1):
        sheet.say(sheet.margin, y, party.upper(), bold=True)
        y -= sheet.leading * 2
        start = sheet.say(sheet.margin, y, "By: ")
        end = sheet.say(start, y, f"/s/ {person}")
        if underlined:
            sheet.rule(start, start + 170, y - 2)
        sheet.mark("signature", (start, y, end, y + sheet.size), owner=owner, cue="line", filled=True)
        for words, kind, value in (("Name: ", "name", person), ("Title: ", "text", "Director")):
            y -= sheet.leading * 1.3
            start = sheet.say(sheet.margin, y, words)
            end = sheet.say(start, y, value)
            sheet.mark(kind, (start, y, end, y + sheet.size), owner=owner, cue="label_only", filled=True)  # type: ignore[arg-type]
        y -= sheet.leading * 2.5
