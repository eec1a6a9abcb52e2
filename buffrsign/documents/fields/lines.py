"""Words become lines of phrases, blanks and ticks."""

import re
from collections.abc import Iterable, Iterator

from buffrsign.documents.fields.geometry import Blank, Edge, Line, Phrase, Piece, Strokes, Tick, Word
from buffrsign.documents.fields.ruled import DASHES_UNDER, holds_value_over, put_rule, rules_of
from buffrsign.documents.fields.vocabulary import is_label, kind_of
from buffrsign.documents.fields.writing import TICKED, TICKS

_SAME_LINE = 0.35  # of the size of the writing, as are all that follow
_APART = 1.5
_TOUCHING = 0.6
_HAIR = 0.2

_RUN = re.compile(r"_+|\[_{3,}\]|[.·… ]{2,}|…|[-–—]{4,}")
_BRACKETS = re.compile(r"\[( *|_{1,2}|[xX])\]|\( +\)")
_DASHES = "-–—"


def lines_of(words: Iterable[Word], strokes: Strokes) -> tuple[Line, ...]:
    """The page's lines from top to bottom, with the drawn ones that are there to be written on.

    A row of dashes is one of those: typewriters had no other way to rule what stands over it. So is a row of
    underscores under something that was filled in.
    """
    lines: list[Line] = []
    dashes: list[Line] = []
    for row in _rows(words):
        are_dashes = all(word.text[0] in _DASHES and _RUN.fullmatch(word.text) for word in row)
        (dashes if are_dashes else lines).append(_line(row, strokes.upright))
    for line in dashes:
        for run in line.pieces:
            put_rule(Edge(line.y, run.x0, run.x1), lines, reach=DASHES_UNDER)
    for line in [line for line in lines if all(isinstance(piece, Blank) for piece in line.pieces)]:
        runs = [Edge(line.y, piece.x0, piece.x1) for piece in line.pieces]
        if all(holds_value_over(run, lines) for run in runs):
            lines.remove(line)
            for underscores in runs:
                put_rule(underscores, lines, reach=DASHES_UNDER)
    for rule in rules_of(strokes):
        put_rule(rule, lines)
    return tuple(sorted(lines, key=lambda line: -line.y))


def _rows(words: Iterable[Word]) -> Iterator[list[Word]]:
    row: list[Word] = []
    for word in sorted(words, key=lambda word: -word.y):
        if row and row[0].y - word.y > _SAME_LINE * max(row[0].size, word.size):
            yield row
            row = []
        row.append(word)
    if row:
        yield row


def _line(row: list[Word], upright: Iterable[Edge]) -> Line:
    """One row's pieces; words at the two sides of an upright stroke are two phrases, however close they stand."""
    y = row[0].y + row[0].size * 0.3
    fences = [edge.at for edge in upright if edge.start <= y <= edge.end]
    pieces: list[Piece] = []
    for word in sorted(_unglued(row), key=lambda word: word.x0):
        is_fenced = bool(fences and pieces) and any(pieces[-1].x1 - 1 <= fence <= word.x0 + 1 for fence in fences)
        if is_fenced:
            pieces.append(_piece(word))
        else:
            _append(pieces, word)
    return Line(row[0].y, max(word.size for word in row), tuple(_written_on(pieces)))


def _unglued(row: list[Word]) -> Iterator[Word]:
    """The words, and "Name:Maria" as two. Where the second begins is estimated from how many characters there are."""
    for word in row:
        if ":" not in word.text[:-1]:
            yield word
            continue
        label, colon, value = word.text.partition(":")
        if value and label.isalpha() and is_label(f"{label}:"):
            split = word.x0 + (len(label) + 1) * (word.x1 - word.x0) / len(word.text)
            yield word._replace(text=label + colon, x1=split)
            yield word._replace(text=value, x0=split)
        else:
            yield word


def _append(pieces: list[Piece], word: Word) -> None:
    """Put a word behind the others: into the last phrase or run, or as the first word of a piece."""
    last = pieces[-1] if pieces else None
    piece = _piece(word)
    if isinstance(piece, Phrase) and isinstance(last, Phrase):
        gap = piece.x0 - last.x1
        if gap < _APART * piece.size and not is_label(last.text):
            space = " " if gap > 0.1 * piece.size else ""
            pieces[-1] = Phrase(f"{last.text}{space}{piece.text}", last.x0, last.y, piece.x1, last.size)
            return
    elif isinstance(piece, Blank) and isinstance(last, Blank) and _continues(last, piece):
        pieces[-1] = last._replace(x1=piece.x1)
        return
    pieces.append(piece)


def _continues(last: Blank, run: Blank) -> bool:
    """Whether two runs are one: single characters with spaces between them are, long runs hardly."""
    within = _TOUCHING if min(last.width, run.width) < run.size else _HAIR
    return run.x0 - last.x1 < within * run.size


def _piece(word: Word) -> Piece:
    if word.text[0].isalnum():
        return Phrase(*word)
    text, x0, y, x1, size = word
    if text in TICKS or text in TICKED:
        return Tick(x0, y, x1, size, ticked=text in TICKED)
    if found := _BRACKETS.fullmatch(text):
        return Tick(x0, y, x1, size, ticked=bool((found.group(1) or "").strip(" _")))
    if _RUN.fullmatch(text):
        return Blank(x0, y, x1, size, drawn=False)
    return Phrase(text, x0, y, x1, size)


def _written_on(pieces: list[Piece]) -> list[Piece]:
    """Words between two runs that touch them were written on one blank."""
    kept: list[Piece] = []
    for piece in pieces:
        kept.append(piece)
        match kept[-3:]:
            case [Blank() as first, Phrase() as middle, Blank() as last] if _is_written(first, middle, last):
                kept[-3:] = [first._replace(x1=last.x1, text=middle.text)]
            case [Blank() as first, Phrase(text="-" | "/" | ".") as middle, Blank() as last] if _touch(
                first, middle, last
            ):
                kept[-3:] = [first._replace(x1=last.x1)]
    return kept


def _touch(first: Blank, middle: Phrase, last: Blank) -> bool:
    """Whether "__/__/____" was written without a space: one date or one number, in parts."""
    close = _HAIR * middle.size
    return middle.x0 - first.x1 < close and last.x0 - middle.x1 < close


def _is_written(first: Blank, middle: Phrase, last: Blank) -> bool:
    close = _TOUCHING * middle.size
    touches = middle.x0 - first.x1 < close and last.x0 - middle.x1 < close
    return touches and ("/s/" in middle.text.lower() or _is_name(middle.text))


def _is_name(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= 4 and all(word[0].isupper() for word in words) and kind_of(text) is None
