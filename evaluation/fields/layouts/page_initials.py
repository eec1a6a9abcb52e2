"""Initials at the foot of every page, in the forms that templates have: boxes, slashes, typed already, bare."""

from collections.abc import Callable
from typing import NamedTuple

from evaluation.fields.sheet import Sheet, Style

_WORDS = ("Initials:", "Initial", "Paraaf:", "Parawe", "Paraphe:", "Kürzel", "Initials of the parties:")
_OWNERS = ("Landlord's initials", "Tenant's initials"), ("Initials of buyer", "Initials of seller")


class _Ask(NamedTuple):
    """The words of a document that ask, and what to write on."""

    words: str
    style: Style


def draw(sheet: Sheet) -> None:
    """Two to four pages with one way of asking, perhaps beside a page number, and a signature at the end."""
    pages = sheet.dice.randint(2, 4)
    style: Style = sheet.dice.choice(("underscores", "line"))
    way: Callable[[Sheet, float, _Ask], None] = sheet.dice.choice((_boxes, _slashes, _typed, _bare, _named, _label))
    words = sheet.dice.choice(_WORDS)
    is_numbered = sheet.dice.random() < 0.6
    for number in range(1, pages + 1):
        y = sheet.prose(sheet.page(), sheet.dice.randint(8, 20))
        if number == pages:
            x = sheet.say(sheet.margin, y - sheet.leading * 2, "Signature: ")
            sheet.blank(x, y - sheet.leading * 2, 180, "signature", owner=1, style="underscores")
        foot = sheet.margin * 0.6
        if is_numbered:
            sheet.say(sheet.margin, foot, f"Page {number} of {pages}")
        way(sheet, foot, _Ask(words, style))


def _boxes(sheet: Sheet, y: float, ask: _Ask) -> None:
    x = sheet.say(sheet.right - 170, y, ask.words) + 8
    for _ in range(2):
        box = (x, y - 6, x + 36, y + 14)
        sheet.frame(box)
        sheet.mark("initials", box, owner=None, cue="box")
        x += sheet.dice.choice((36, 44))


def _slashes(sheet: Sheet, y: float, ask: _Ask) -> None:
    x = sheet.say(sheet.right - 170, y, f"{ask.words} ")
    x = sheet.blank(x, y, 40, "initials", owner=None, style="underscores")
    x = sheet.say(x, y, " / ")
    sheet.blank(x, y, 40, "initials", owner=None, style="underscores")


def _typed(sheet: Sheet, y: float, ask: _Ask) -> None:
    x = sheet.say(sheet.right - 130, y, f"{ask.words} ")
    end = sheet.say(x, y, sheet.dice.choice(("MN", "/s/ JvW", "T.A.")))
    sheet.mark("initials", (x, y, end, y + sheet.size), owner=None, cue="label_only", filled=True)


def _bare(sheet: Sheet, y: float, ask: _Ask) -> None:
    """Two short lines and no word."""
    for x in (sheet.right - 100, sheet.right - 45):
        sheet.blank(x, y, 40, "initials", owner=None, style=ask.style)


def _named(sheet: Sheet, y: float, ask: _Ask) -> None:
    for owner, of in enumerate(sheet.dice.choice(_OWNERS), start=1):
        x = sheet.say(sheet.margin + 130 + (owner - 1) * 170, y, f"{of} ")
        sheet.blank(x, y, 45, "initials", owner=owner, style=ask.style)


def _label(sheet: Sheet, y: float, _: _Ask) -> None:
    """The word and nothing to write on."""
    x = sheet.say(sheet.right - 170, y, "Initials:")
    sheet.mark("initials", (x, y, sheet.right, y + sheet.size), owner=None, cue="label_only")
