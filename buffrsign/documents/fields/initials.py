"""Initials that a word asks for, wherever it stands: beside a clause, or at the foot of a page."""

import re
from collections.abc import Iterator

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Line, Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import kind_of

_ROOM_PT = 90.0
_LONGEST_LABEL = 5  # words
_ONE = r"(?:/s/ ?)?(?:[A-Z]\.? ?){1,3}|/s/ ?[A-Za-z.]{1,5}|(?:/s/ ?)?[A-Z][a-z]{1,2}[A-Z]"
_TYPED = re.compile(rf"(?:{_ONE})(?: (?:{_ONE}))?$")
_LABEL = re.compile(r"(?:initials?(?: of \w+| of the \w+)?|paraaf|parawe|paraphen?|kürzel):$", re.IGNORECASE)
_WITH_VALUE = re.compile(
    rf"\b(?i:initials?|initialed(?: by)?|paraaf|parawe|paraphe|kürzel)[\s:]{{1,3}}(?P<value>{_TYPED.pattern[:-1]})$"
)


def initials_asked_for(page: Page) -> Iterator[Found]:
    """Typed initials behind such a word, and the room behind a word with a colon that nothing follows."""
    for line in page.lines:
        for column, piece in enumerate(line.pieces):
            if isinstance(piece, Phrase) and len(piece.text.split()) <= 3 * _LONGEST_LABEL:
                found = _beside(page, line, column, piece)
                if found is not None:
                    yield found


def _beside(page: Page, line: Line, column: int, piece: Phrase) -> Found | None:
    typed = _WITH_VALUE.search(piece.text)
    if typed is not None:
        x0 = piece.x0 + typed.start("value") * (piece.x1 - piece.x0) / len(piece.text)
        return _found(page, piece, x0, piece.x1, filled=True)
    is_label = _LABEL.search(piece.text) and len(piece.text.split()) <= _LONGEST_LABEL
    if not is_label or kind_of(piece.text) is not FieldType.INITIALS:
        return None
    behind = line.pieces[column + 1 : column + 2]
    if not behind:
        return _found(page, piece, piece.x1 + 2, min(piece.x1 + _ROOM_PT, page.width - 20), filled=False)
    [value] = behind
    if isinstance(value, Phrase) and _TYPED.match(value.text):
        return _found(page, piece, value.x0, value.x1, filled=True)
    is_next = isinstance(value, Phrase) and value.text.endswith(":")
    return _found(page, piece, piece.x1 + 2, min(piece.x1 + _ROOM_PT, value.x0 - 4), filled=False) if is_next else None


def _found(page: Page, label: Phrase, x0: float, x1: float, *, filled: bool) -> Found:
    ground = Ground.FILLED_LABEL if filled else Ground.LABEL_ONLY
    return Found(FieldType.INITIALS, page.number, (x0, label.y, x1, label.y + label.size), ground, filled)
