"""What was filled in with a keyboard, "/s/ Name" for one, and labels of a signature block with no line to write on."""

import re
from collections.abc import Iterable, Iterator

from buffrsign.documents.fields.field import FieldType, Rect
from buffrsign.documents.fields.geometry import Blank, Line, Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import is_label, is_party, kind_of, opens_witnesses, signed_kind, signer_in

_MARK = "/s/"
_LONGEST_LABEL = 3  # words
_ROOM_PT = 150.0
_LEAST_ROOM_PT = 40.0
_NEAR = 12.0  # of the size of the writing
_LONGEST_VALUE = 70  # characters
_DONE = re.compile(
    r"(?:\b(?:done and signed|signed and sealed|geteken|unterzeichnet)\b|^signed\b).{0,80}?"
    r"\b(?:at|te|in) (?P<place>[A-Z][\w ]{1,40}?)"
    r"(?: (?:on|op|am)(?: this| the| hierdie| die)? (?P<date>\d.{4,40}\d{2,4})| by |$)",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"\b(?:on|op)(?: this| the| hierdie| die)? (?P<date>\d{1,2}\w{0,3} (?:day of|dag van) \w+,? \d{4})", re.IGNORECASE
)
_LETTER = re.compile(r"\w")
_SIGNED_OVER = (0.5, 2.6)  # of the size of the writing


def conformed_of(page: Page) -> Iterator[Found]:
    """Signatures that were typed as "/s/" and a name."""
    for phrase in page.phrases():
        start = phrase.text.lower().find(_MARK)
        if start >= 0:
            share = start / len(phrase.text)
            x0 = phrase.x0 + share * (phrase.x1 - phrase.x0)
            rect = (x0, phrase.y, phrase.x1, phrase.y + phrase.size)
            yield Found(
                signed_kind(phrase.text),
                page.number,
                rect,
                Ground.CONFORMED,
                filled=True,
                signer=signer_in(phrase.text),
            )


def labels_of(page: Page, signatures: Iterable[Found]) -> Iterator[Found]:
    """Labels with a colon and no blank behind them, if a signature is close, or "By:" itself among them."""
    labels = [
        (line, column, piece)
        for line in page.lines
        for column, piece in enumerate(line.pieces)
        if isinstance(piece, Phrase) and _is_label(line, column, piece)
    ]
    anchors = [(found.rect[0], found.rect[1]) for found in signatures]
    anchors += [
        (label.x0, label.y)
        for _, _, label in labels
        if kind_of(label.text) is FieldType.SIGNATURE and _has_others(label, [other for _, _, other in labels])
    ]
    rects = [found.rect for found in signatures]
    for line, column, label in labels:
        if kind_of(label.text) is FieldType.SIGNATURE and any(_is_under(rect, label) for rect in rects):
            continue
        if any(_is_near(label, anchor) for anchor in anchors) and (found := _found(page, line, column, label)):
            yield _printed_name(found, label, rects)


def _printed_name(found: Found, label: Phrase, signatures: list[Rect]) -> Found:
    """What is typed behind "By:" right under a signature, or under the line for it, is the name of who signs."""
    is_behind_by = found.filled and found.type is FieldType.SIGNATURE
    is_signed_over = any(
        _SIGNED_OVER[0] * label.size < rect[1] - label.y < _SIGNED_OVER[1] * label.size
        and rect[0] < found.rect[2]
        and rect[2] > label.x0
        for rect in signatures
    )
    return found._replace(type=FieldType.NAME) if is_behind_by and is_signed_over else found


def _is_under(rect: Rect, label: Phrase) -> bool:
    """Whether the line that "By:" speaks of was drawn lower than usual."""
    return 0 < label.y - rect[1] < 2.2 * label.size and label.x0 < rect[2] and rect[0] < label.x1 + 6 * label.size


def values_of(page: Page) -> Iterator[Found]:
    """The place and the date in "done and signed at Windhoek on this 3rd day of May 2026"."""
    signed_at = float("inf")
    for phrase in page.phrases():
        found = _DONE.search(phrase.text)
        if found is not None:
            signed_at = phrase.y
            yield from _parts(page, phrase, found)
        elif (late := _LATE.search(phrase.text)) is not None and 0 <= signed_at - phrase.y < 3 * phrase.size:
            yield from _parts(page, phrase, late)


def _parts(page: Page, phrase: Phrase, found: re.Match[str]) -> Iterator[Found]:
    """The groups of a match as fields. How far they reach is estimated from how many characters they have."""
    wide = (phrase.x1 - phrase.x0) / len(phrase.text)
    for name, text in found.groupdict().items():
        if text:
            x0, x1 = (phrase.x0 + at * wide for at in found.span(name))
            rect = (x0, phrase.y, x1, phrase.y + phrase.size)
            yield Found(FieldType(name), page.number, rect, Ground.DONE, filled=True)


def _is_label(line: Line, column: int, phrase: Phrase) -> bool:
    is_short = phrase.text.rstrip().endswith(":") and len(phrase.text.split()) <= _LONGEST_LABEL
    behind = line.pieces[column + 1 : column + 2]
    if not is_short or opens_witnesses(phrase.text) or is_party(phrase.text) or kind_of(phrase.text) is None:
        return False
    return not any(isinstance(piece, Blank) for piece in behind)


def _has_others(label: Phrase, others: list[Phrase]) -> bool:
    """Whether another label stands right under or over it: a block, not a word of the text."""
    return any(
        abs(other.x0 - label.x0) < label.size and 0 < abs(label.y - other.y) < 5 * label.size for other in others
    )


def _is_near(label: Phrase, anchor: tuple[float, float]) -> bool:
    x, y = anchor
    return -_NEAR * label.size < x - label.x0 < _NEAR * label.size and abs(y - label.y) < _NEAR * label.size


def _is_another_label(value: Phrase) -> bool:
    """Whether what stands behind a label is that of the next column: "Date:", or "Witness" beside "By:"."""
    return value.text.endswith(":") or opens_witnesses(value.text)


def _found(page: Page, line: Line, column: int, label: Phrase) -> Found | None:
    kind = kind_of(label.text) or FieldType.TEXT
    following = line.pieces[column + 1 : column + 2]
    value = following[0] if following and isinstance(following[0], Phrase) else None
    speaks_for = value is not None and value.text.endswith(":") and not is_label(value.text)
    if kind is FieldType.SIGNATURE and speaks_for:
        return None  # "By: its manager, By:" says who signs for whom
    is_value = value is not None and not _is_another_label(value) and value.x0 - label.x1 < 12 * label.size
    if value is not None and is_value and len(value.text) <= _LONGEST_VALUE:
        if not _LETTER.search(value.text) or (kind is FieldType.SIGNATURE and is_party(value.text)):
            return None
        rect = (value.x0, value.y, value.x1, value.y + value.size)
        return Found(kind, page.number, rect, Ground.FILLED_LABEL, filled=True)
    limit = value.x0 - label.size if value is not None else page.width - 36
    x0 = label.x1 + 0.3 * label.size
    rect = (x0, label.y, max(x0 + _LEAST_ROOM_PT, min(x0 + _ROOM_PT, limit)), label.y + label.size)
    return Found(kind, page.number, rect, Ground.LABEL_ONLY)
