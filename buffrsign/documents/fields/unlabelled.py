"""Lines and gaps with no label before them: what is behind them, under them or over them says what they are for."""

import re

from buffrsign.documents.fields.around import Around
from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Blank, Line, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import is_office, is_party, is_witness, kind_of, speaks_for_party

_WIDEST = 0.66  # of the page: longer lines divide it
_NEXT_LINE = 2.2  # of the size of the writing
_LONGEST_LABEL = 7  # words
_IN_BRACKETS = re.compile(r"^\(([^()]{3,40})\)")


def explained(around: Around) -> FieldType | None:
    """What the words in brackets right behind a blank say, as in "I, ____ (full names)"."""
    right = around.right()
    found = _IN_BRACKETS.match(right.text) if right is not None else None
    return kind_of(found.group(1)) if found is not None else None


def without_label(around: Around) -> Found | None:
    """A blank with nothing before it: what is behind it, under it or over it may say what it is for."""
    if around.blank.width > _WIDEST * around.page.width:
        return None
    if _begins_line_of_text(around):
        return around.found(FieldType.TEXT, Ground.GAP)
    below, under = around.below(), _under(around)
    if below is not None and below.text.endswith(":") and _is_stacked(around) and not around.blank.text:
        return around.found(_kind_over(around), Ground.STACK)
    if under is not None and around.is_nearer_to_what_is_over_it():
        return under
    found = _before(around) or (_over(around, below) if below is not None else None)
    if found is not None or around.blank.text:
        return found
    is_more = _is_stacked(around) or _continues_the_line_over_it(around)
    return around.found(FieldType.TEXT, Ground.STACK) if is_more else under


def _begins_line_of_text(around: Around) -> bool:
    """Whether a gap at the left edge goes on with the sentence of the line over it."""
    blank, right = around.blank, around.right()
    if right is None or blank.drawn or blank.text or around.column or around.row == 0:
        return False
    above = around.page.lines[around.row - 1]
    is_text = len(_words_of(above)) > _LONGEST_LABEL and above.y - blank.y < _NEXT_LINE * blank.size
    return is_text and right.x0 - blank.x1 < blank.size and (right.text[0].islower() or right.text[0] in ",.;(")


def _words_of(line: Line) -> list[str]:
    return [word for piece in line.pieces if isinstance(piece, Phrase) for word in piece.text.split()]


def _before(around: Around) -> Found | None:
    """A blank before its label."""
    right = around.right()
    if (kind := explained(around)) is not None:
        return around.found(kind, Ground.LABEL_RIGHT)
    if right is None or around.right_is_label() or (kind := _short_kind(right)) is None:
        return None
    return around.found(kind, Ground.LABEL_RIGHT, witness=is_witness(right.text))


def _under(around: Around) -> Found | None:
    """A blank under its label, which is very short then."""
    above = around.above()
    longest = 5 if above is not None and above.text.endswith(":") else 3
    if above is None or len(above.text.split()) > longest or (kind := kind_of(above.text)) is None:
        return None
    return around.found(kind, Ground.LABEL_ABOVE, witness=is_witness(above.text))


def _over(around: Around, below: Phrase) -> Found | None:
    """A blank over a phrase: its label, or the name, the role or the particulars of the one who signs on it."""
    if speaks_for_party(below.text) and not around.blank.text:
        return around.found(FieldType.SIGNATURE, Ground.PARTY_BELOW, party=below.text)
    kind = _short_kind(below)
    if kind is not None and not around.below_is_label():
        return around.found(kind, Ground.LABEL_BELOW, witness=is_witness(below.text))
    is_block = kind in {FieldType.NAME, FieldType.TEXT, FieldType.DATE, FieldType.SIGNATURE}
    if around.blank.text:
        return None
    if is_block or (kind is None and _is_somebody(below.text) and not below.text.rstrip().endswith(":")):
        return around.found(FieldType.SIGNATURE, Ground.PARTY_BELOW, party="" if is_block else below.text)
    return None


def _is_stacked(around: Around) -> bool:
    """Whether another blank, just as long, is right over or under it."""
    blank = around.blank
    near = [
        piece
        for line in around.page.lines[max(0, around.row - 3) : around.row + 4]
        for piece in line.pieces
        if isinstance(piece, Blank) and 0 < abs(piece.y - blank.y) < 3 * blank.size
    ]
    return any(abs(other.x0 - blank.x0) < 2 and abs(other.x1 - blank.x1) < 2 for other in near)


def _kind_over(around: Around) -> FieldType:
    """What a label with a colon over the first of several lines asks for; the others are text."""
    above = around.above()
    is_first = above is not None and above.text.endswith(":")
    return (kind_of(above.text) if above is not None and is_first else None) or FieldType.TEXT


def _continues_the_line_over_it(around: Around) -> bool:
    """Whether it is alone in its line, and the line right over it is a label and a blank: an address goes on there."""
    if len(around.line.pieces) > 1 or around.row == 0:
        return False
    above = around.page.lines[around.row - 1]
    match above.pieces:
        case [Phrase() as label, Blank() as blank]:
            is_next = above.y - around.blank.y < _NEXT_LINE * around.blank.size
            is_inside = label.x0 - 1 <= around.blank.x0 < blank.x1
            return is_next and is_inside and kind_of(label.text) is FieldType.TEXT
    return False


def _short_kind(phrase: Phrase) -> FieldType | None:
    return kind_of(phrase.text) if len(phrase.text.split()) <= _LONGEST_LABEL else None


def _is_somebody(text: str) -> bool:
    words = text.split()
    if not 1 <= len(words) <= 9 or text[0].isdigit() or "/s/" in text.lower():
        return False
    return is_party(text) or is_office(text) or _is_name(words) or _is_name(text.partition(",")[0].split())


def _is_name(words: list[str]) -> bool:
    """Several words that all begin large; behind a comma, as in "Maria Shikongo, individually", others may follow."""
    return len(words) >= 2 and all(word[0].isupper() or not word[0].isalpha() for word in words)
