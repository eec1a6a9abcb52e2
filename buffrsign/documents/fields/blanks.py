"""Lines and gaps that somebody is meant to write on, and what for."""

import re
from collections.abc import Iterator

from buffrsign.documents.fields.around import Around
from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Blank, Line, Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.sentences import in_sentence
from buffrsign.documents.fields.unlabelled import explained, without_label
from buffrsign.documents.fields.vocabulary import (
    is_company,
    is_label,
    is_party,
    is_witness,
    kind_of,
    opens_witnesses,
    signed_kind,
    signer_in,
)

_SHORTEST_PT = 14.0
_SHORTEST_DRAWN_PT = 40.0
_LIST = 3  # lines
_LEADER = 0.35  # of the page
_REFERENCE = 10  # characters
_WIDE_LEADER = 0.2  # of the page
_SHORTEST_GAP = 2.0  # of the size of the writing
_LONGEST_LABEL = 7  # words
_NUMBER = re.compile(r"^\(?(?:\d{1,2}|[a-d]|[ivx]{1,4})[.):]*$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"^(?:page )?(?:(?:[A-Z]{1,3}[-.])?\d{1,4}|[ivxlc]{1,6})\.?$", re.IGNORECASE)
_SEPARATOR = re.compile(r"^[/|&,]$|^and$")
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
    blank = around.blank
    if "/s/" in blank.text.lower():
        return around.found(signed_kind(blank.text), Ground.CONFORMED)
    leads_on = _is_in_contents(around)
    is_leader = leads_on and blank.width > _WIDE_LEADER * around.page.width
    if not is_leader and (kind := in_sentence(around.before(), around.after())) is not None:
        return around.found(kind, Ground.SENTENCE)
    return None if leads_on or _is_too_short(blank) else _judge_by_label(around, is_in_list=is_in_list)


def _judge_by_label(around: Around, *, is_in_list: bool) -> Found | None:
    left = around.left()
    if left is None and around.column and _is_for_initials(around, around.column):
        return around.found(FieldType.INITIALS, Ground.BESIDE_INITIALS)
    if left is not None and _NUMBER.match(left.text) and is_in_list:
        return around.found(FieldType.SIGNATURE, Ground.WITNESS_LIST, witness=True)
    if left is None or _NUMBER.match(left.text):
        return without_label(around)
    return _labelled(around, left, witness=is_in_list and around.column > 1)


def _is_too_short(blank: Blank) -> bool:
    return blank.width < (_SHORTEST_DRAWN_PT if blank.drawn else _SHORTEST_PT) and not blank.text


def _is_in_contents(around: Around) -> bool:
    """Whether the dots lead to a page number at the end of the line, or to whatever ends several such lines."""
    behind = around.line.pieces[around.column + 1 :]
    if around.blank.drawn or len(behind) != 1 or around.left() is None:
        return False
    [last] = behind
    if isinstance(last, Phrase) and _PAGE_NUMBER.match(last.text):
        return True
    leads = _leads_across(around.page, around.line)
    return leads and sum(_leads_across(around.page, line) for line in around.page.lines) >= _LIST


def _leads_across(page: Page, line: Line) -> bool:
    """Whether a line is words, a run of dots across much of the page, and a short word at its end."""
    match line.pieces:
        case [*_, Phrase() as words, Blank() as blank, Phrase() as last]:
            is_leader = not blank.drawn and blank.width > _LEADER * page.width
            return is_leader and not words.text.endswith(":") and len(last.text) <= _REFERENCE
    return False


def _labelled(around: Around, left: Phrase, *, witness: bool) -> Found | None:
    if _SEPARATOR.match(left.text) and _is_for_initials(around, around.column - 1):
        return around.found(FieldType.INITIALS, Ground.BESIDE_INITIALS)
    label = _label(left.text)
    witness = witness or is_witness(label)
    kind = kind_of(label) if label else None
    if kind is FieldType.TEXT and is_company(label):
        kind = None
    if kind is not None and not _goes_on(around, left):
        return around.found(kind, Ground.LABEL_LEFT, witness=witness)
    if (kind := explained(around)) is not None:
        return around.found(kind, Ground.LABEL_RIGHT)
    if _goes_on(around, left) or _is_running(left.text):
        return _gap(around)
    return None if around.blank.text else _behind_other_words(around, left, witness=witness)


def _is_for_initials(around: Around, column: int) -> bool:
    """Whether the piece before this column is a blank for initials, as in "Initials: ____ / ____"."""
    pieces = around.line.pieces[:column]
    if not pieces or not isinstance(pieces[-1], Blank):
        return False
    labels = [piece.text for piece in pieces if isinstance(piece, Phrase)]
    return bool(labels) and kind_of(labels[-1]) is FieldType.INITIALS


def _behind_other_words(around: Around, left: Phrase, *, witness: bool) -> Found | None:
    """An empty blank behind short words that are no label we know."""
    if "/s/" in left.text.lower():
        is_signed = bool(signer_in(left.text))
        return None if is_signed else around.found(FieldType.SIGNATURE, Ground.PARTY_LEFT)
    if _is_value(around):
        return None
    if not _LEADS_ON.search(left.text) and (is_party(left.text) or (left.text.isupper() and len(left.text) > 2)):
        return around.found(FieldType.SIGNATURE, Ground.PARTY_LEFT, party=left.text, witness=witness)
    if left.text.rstrip().endswith(":"):
        return around.found(FieldType.TEXT, Ground.UNKNOWN_LABEL)
    if around.blank.x0 - left.x1 >= around.blank.size:
        return without_label(around)
    is_gap = not around.blank.drawn and around.blank.width >= _SHORTEST_GAP * around.blank.size
    return around.found(FieldType.TEXT, Ground.AFTER_WORDS) if is_gap else None


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


def _gap(around: Around) -> Found | None:
    """A gap that a sentence goes on behind. A drawn line there is an underline, and dots are an omission."""
    blank = around.blank
    is_run = not blank.drawn and not blank.text
    return around.found(FieldType.TEXT, Ground.GAP) if is_run and around.right() is not None else None
