"""Lines and gaps that somebody is meant to write on, and what for."""

import re
from collections.abc import Iterator

from buffrsign.documents.fields.around import Around
from buffrsign.documents.fields.field import FieldType, Rect
from buffrsign.documents.fields.geometry import Blank, Line, Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.sentences import in_sentence
from buffrsign.documents.fields.vocabulary import (
    is_company,
    is_label,
    is_office,
    is_party,
    is_witness,
    kind_of,
    opens_witnesses,
    signed_kind,
    signer_in,
    speaks_for_party,
)

_SHORTEST_PT = 14.0
_SHORTEST_DRAWN_PT = 40.0
_WIDEST = 0.66  # of the page: longer lines divide it
_NEXT_LINE = 2.2  # of the size of the writing
_WIDE_LEADER = 0.2  # of the page
_SHORTEST_GAP = 2.0  # of the size of the writing
_LONGEST_LABEL = 7  # words
_NUMBER = re.compile(r"^\(?(?:\d{1,2}|[a-d]|[ivx]{1,4})[.):]*$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"^(?:page )?(?:(?:[A-Z]{1,3}[-.])?\d{1,4}|[ivxlc]{1,6})\.?$", re.IGNORECASE)
_SEPARATOR = re.compile(r"^[/|&,]$|^and$")
_IN_BRACKETS = re.compile(r"^\(([^()]{3,40})\)")
_LEADS_ON = re.compile(
    r"(?:\b(?:of|at|in|by|to|for|from|and|the|a|an|no|nos|than|van|von|te|die)|[$€£#,])\W*$", re.IGNORECASE
)
_LAST_PART = re.compile(r"[^.;,()]*$")


def blanks_of(page: Page) -> Iterator[Found]:
    """The fields among the page's blanks."""
    in_list = witness_rows(page)
    for row, line in enumerate(page.lines):
        for column, piece in enumerate(line.pieces):
            if isinstance(piece, Blank):
                judged = _judge(Around(page, row, column), is_in_list=row in in_list)
                if judged is not None:
                    yield judged


def witness_rows(page: Page) -> set[int]:
    """The lines under a heading for witnesses, up to the first blank that is not numbered."""
    rows: set[int] = set()
    open_list = False
    for row, line in enumerate(page.lines):
        open_list = open_list or any(isinstance(p, Phrase) and opens_witnesses(p.text) for p in line.pieces)
        first = next((column for column, piece in enumerate(line.pieces) if isinstance(piece, Blank)), None)
        if open_list and first is not None:
            before = line.pieces[first - 1] if first else None
            open_list = isinstance(before, Phrase) and bool(_NUMBER.match(before.text))
        if open_list:
            rows.add(row)
    return rows


def _judge(around: Around, *, is_in_list: bool) -> Found | None:
    blank, left = around.blank, around.left()
    if "/s/" in blank.text.lower():
        return _found(around, signed_kind(blank.text), Ground.CONFORMED)
    leads_on = _is_in_contents(around)
    is_leader = leads_on and blank.width > _WIDE_LEADER * around.page.width
    if not is_leader and (kind := in_sentence(around.before(), around.after())) is not None:
        return _found(around, kind, Ground.SENTENCE)
    if leads_on or _is_too_short(blank):
        return None
    if left is not None and _NUMBER.match(left.text) and is_in_list:
        return _found(around, FieldType.SIGNATURE, Ground.WITNESS_LIST, witness=True)
    if left is None or _NUMBER.match(left.text):
        return _unlabelled(around)
    return _labelled(around, left, witness=is_in_list and around.column > 1)


def _is_too_short(blank: Blank) -> bool:
    return blank.width < (_SHORTEST_DRAWN_PT if blank.drawn else _SHORTEST_PT) and not blank.text


def _is_in_contents(around: Around) -> bool:
    """Whether the dots lead to a page number at the end of the line."""
    behind = around.line.pieces[around.column + 1 :]
    if around.blank.drawn or len(behind) != 1 or around.left() is None:
        return False
    [last] = behind
    return isinstance(last, Phrase) and bool(_PAGE_NUMBER.match(last.text))


def _labelled(around: Around, left: Phrase, *, witness: bool) -> Found | None:
    if _SEPARATOR.match(left.text) and _is_for_initials(around):
        return _found(around, FieldType.INITIALS, Ground.BESIDE_INITIALS)
    label = _label(left.text)
    witness = witness or is_witness(label)
    kind = kind_of(label) if label else None
    if kind is FieldType.TEXT and is_company(label):
        kind = None
    if kind is not None and not _goes_on(around, left):
        return _found(around, kind, Ground.LABEL_LEFT, witness=witness)
    if (kind := _explained(around)) is not None:
        return _found(around, kind, Ground.LABEL_RIGHT)
    if _goes_on(around, left) or _is_running(left.text):
        return _gap(around)
    return None if around.blank.text else _behind_other_words(around, left, witness=witness)


def _is_for_initials(around: Around) -> bool:
    """Whether the blank before the last is one for initials, as in "Initials: ____ / ____"."""
    [*_, label] = [""] + [piece.text for piece in around.line.pieces[: around.column - 1] if isinstance(piece, Phrase)]
    return isinstance(around.line.pieces[around.column - 2], Blank) and kind_of(label) is FieldType.INITIALS


def _explained(around: Around) -> FieldType | None:
    """What the words in brackets right behind a blank say, as in "I, ____ (full names)"."""
    right = around.right()
    found = _IN_BRACKETS.match(right.text) if right is not None else None
    return kind_of(found.group(1)) if found is not None else None


def _behind_other_words(around: Around, left: Phrase, *, witness: bool) -> Found | None:
    """An empty blank behind short words that are no label we know."""
    if "/s/" in left.text.lower():
        is_signed = bool(signer_in(left.text))
        return None if is_signed else _found(around, FieldType.SIGNATURE, Ground.PARTY_LEFT)
    if _is_value(around):
        return None
    if not _LEADS_ON.search(left.text) and (is_party(left.text) or (left.text.isupper() and len(left.text) > 2)):
        return _found(around, FieldType.SIGNATURE, Ground.PARTY_LEFT, party=left.text, witness=witness)
    if left.text.rstrip().endswith(":"):
        return _found(around, FieldType.TEXT, Ground.UNKNOWN_LABEL)
    if around.blank.x0 - left.x1 >= around.blank.size:
        return _unlabelled(around)
    is_gap = not around.blank.drawn and around.blank.width >= _SHORTEST_GAP * around.blank.size
    return _found(around, FieldType.TEXT, Ground.AFTER_WORDS) if is_gap else None


def _is_value(around: Around) -> bool:
    """Whether the words before the blank are a value behind a label, and the blank is the rest of its line."""
    before = around.line.pieces[around.column - 2 : around.column - 1] if around.column > 1 else ()
    return any(isinstance(piece, Phrase) and is_label(piece.text) for piece in before)


def _label(text: str) -> str:
    """The part of a phrase that can be a label: all of a short one, the end of a longer one that has a colon."""
    if len(text.split()) <= _LONGEST_LABEL:
        return text
    last = _LAST_PART.search(text)
    words = last.group() if last else ""
    return words if text.rstrip().endswith(":") and len(words.split()) <= 5 else ""


def _is_running(text: str) -> bool:
    return len(text.split()) > _LONGEST_LABEL and not text.rstrip().endswith(":")


def _goes_on(around: Around, left: Phrase) -> bool:
    """Whether the words go on behind the gap, as running text does."""
    right = around.right()
    if right is None or left.text.rstrip().endswith(":"):
        return False
    return right.text[:1].islower() or right.text[:1] in ",.;%"


def _unlabelled(around: Around) -> Found | None:
    """A blank with nothing before it: what is behind it, under it or over it may say what it is for."""
    if around.blank.width > _WIDEST * around.page.width:
        return None
    if _begins_line_of_text(around):
        return _found(around, FieldType.TEXT, Ground.GAP)
    below, under = around.below(), _under(around)
    if below is not None and below.text.endswith(":") and _is_stacked(around) and not around.blank.text:
        return _found(around, _kind_over(around), Ground.STACK)
    if under is not None and around.is_nearer_to_what_is_over_it():
        return under
    found = _before(around) or (_over(around, below) if below is not None else None)
    if found is not None or around.blank.text:
        return found
    return _found(around, FieldType.TEXT, Ground.STACK) if _is_stacked(around) else under


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
    if (kind := _explained(around)) is not None:
        return _found(around, kind, Ground.LABEL_RIGHT)
    if right is None or around.right_is_label() or (kind := _short_kind(right)) is None:
        return None
    return _found(around, kind, Ground.LABEL_RIGHT, witness=is_witness(right.text))


def _under(around: Around) -> Found | None:
    """A blank under its label, which is very short then."""
    above = around.above()
    longest = 5 if above is not None and above.text.endswith(":") else 3
    if above is None or len(above.text.split()) > longest or (kind := kind_of(above.text)) is None:
        return None
    return _found(around, kind, Ground.LABEL_ABOVE, witness=is_witness(above.text))


def _over(around: Around, below: Phrase) -> Found | None:
    """A blank over a phrase: its label, or the name, the role or the particulars of the one who signs on it."""
    if speaks_for_party(below.text) and not around.blank.text:
        return _found(around, FieldType.SIGNATURE, Ground.PARTY_BELOW, party=below.text)
    kind = _short_kind(below)
    if kind is not None and not around.below_is_label():
        return _found(around, kind, Ground.LABEL_BELOW, witness=is_witness(below.text))
    is_block = kind in {FieldType.NAME, FieldType.TEXT, FieldType.DATE, FieldType.SIGNATURE}
    if around.blank.text:
        return None
    if is_block or (kind is None and _is_somebody(below.text) and not below.text.rstrip().endswith(":")):
        return _found(around, FieldType.SIGNATURE, Ground.PARTY_BELOW, party="" if is_block else below.text)
    return None


def _gap(around: Around) -> Found | None:
    """A gap that a sentence goes on behind. A drawn line there is an underline, and dots are an omission."""
    blank = around.blank
    is_run = not blank.drawn and not blank.text
    return _found(around, FieldType.TEXT, Ground.GAP) if is_run and around.right() is not None else None


def _kind_over(around: Around) -> FieldType:
    """What a label with a colon over the first of several lines asks for; the others are text."""
    above = around.above()
    is_first = above is not None and above.text.endswith(":")
    return (kind_of(above.text) if above is not None and is_first else None) or FieldType.TEXT


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


def _short_kind(phrase: Phrase) -> FieldType | None:
    return kind_of(phrase.text) if len(phrase.text.split()) <= _LONGEST_LABEL else None


def _is_somebody(text: str) -> bool:
    words = text.split()
    if not 1 <= len(words) <= 9 or text[0].isdigit() or "/s/" in text.lower():
        return False
    capital = sum(word[0].isupper() or not word[0].isalpha() for word in words)
    return is_party(text) or is_office(text) or (len(words) >= 2 and capital == len(words))


def _found(around: Around, kind: FieldType, ground: Ground, *, witness: bool = False, party: str = "") -> Found:
    blank = around.blank
    rect: Rect = (blank.x0, blank.y, blank.x1, blank.y + blank.size)
    signer = signer_in(blank.text) if ground is Ground.CONFORMED else ""
    return Found(kind, around.page.number, rect, ground, bool(blank.text), witness=witness, party=party, signer=signer)
