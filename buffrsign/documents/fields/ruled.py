"""Drawn lines find their place among the words: to be written on, with something written on them, or as underlines."""

import re
from collections.abc import Iterator

from buffrsign.documents.fields.geometry import Blank, Edge, Line, Phrase, Piece, Strokes
from buffrsign.documents.fields.vocabulary import is_label

DASHES_UNDER = 1.8
"""How far under the words a row of dashes that rules them is, in sizes of the writing."""

_UNDER = 0.55
_FAR_UNDER = 2.1  # a line for which room was left over it, beside its label
_OVER = 0.15
_FROM_LABEL = 5.0
_SHORTEST_PT = 14.0
_MOST_OF = 0.8
_LETTER = re.compile(r"[^\W_]")
_NOWHERE = Line(0.0, 10.0, ())


def rules_of(strokes: Strokes) -> Iterator[Edge]:
    """The level strokes that are no edge of a frame or a table."""
    for edge in strokes.level:
        if edge.end - edge.start >= _SHORTEST_PT and not any(_meet(edge, side) for side in strokes.upright):
            yield edge


def has_rules(strokes: Strokes) -> bool:
    """Whether anything drawn could be a line or a box to write on."""
    is_table = bool(strokes.upright) and bool(strokes.level)
    return is_table or bool(strokes.frames) or any(True for _ in rules_of(strokes))


def put_rule(rule: Edge, lines: list[Line], *, reach: float = _UNDER) -> None:
    """Put a rule into the line of words that stands on it; alone if none does; nowhere if it underlines them.

    Where something was written on it, that is what is to be found, so the blank is as wide as that.
    """
    at = _line_on(rule, lines, reach)
    if at is None:
        size = min(lines, key=lambda line: abs(line.y - rule.at), default=_NOWHERE).size
        lines.append(Line(rule.at, size, (Blank(rule.start, rule.at, rule.end, size, drawn=True),)))
        return
    line = lines[at]
    over = [piece for piece in line.pieces if _overlap(piece, rule) > 0]
    labels = [piece for piece in over if _is_label(piece)]
    words = [piece for piece in over if piece not in labels]
    if any(isinstance(piece, Blank) for piece in over) or _is_underline(rule, line, over, words):
        return
    values = [piece for piece in words if isinstance(piece, Phrase) and _is_written_on(piece, rule)]
    start = max([rule.start, *(piece.x1 for piece in labels if piece.x0 < rule.start + line.size)])
    blank = Blank(start, rule.at, rule.end, line.size, drawn=True)
    if values:
        text = " ".join(value.text for value in values)
        blank = Blank(values[0].x0, line.y, values[-1].x1, line.size, drawn=True, text=text, ruled=rule.at)
    rest = [piece for piece in line.pieces if piece not in values]
    lines[at] = line._replace(pieces=tuple(sorted([*rest, blank], key=lambda piece: piece.x0)))


def _line_on(rule: Edge, lines: list[Line], reach: float) -> int | None:
    """The line right over the rule, or a label farther up that has nothing else behind it."""
    for number, line in enumerate(lines):
        if -reach * line.size <= rule.at - line.y <= _OVER * line.size:
            return number
    for number, line in enumerate(lines):
        if 0 < line.y - rule.at < _FAR_UNDER * line.size and _waits_for(rule, line):
            return number
    return None


def _waits_for(rule: Edge, line: Line) -> bool:
    before = [piece for piece in line.pieces if piece.x0 < rule.start]
    if not before or not _is_label(before[-1]) or any(_overlap(piece, rule) > 0 for piece in line.pieces):
        return False
    return 0 <= rule.start - before[-1].x1 < _FROM_LABEL * line.size


def _is_underline(rule: Edge, line: Line, over: list[Piece], words: list[Piece]) -> bool:
    covered = sum(_overlap(piece, rule) for piece in words)
    return covered > _MOST_OF * (rule.end - rule.start) and not _is_value(over, line)


def _is_value(over: list[Piece], line: Line) -> bool:
    """Whether what stands on the line was filled in: "/s/", or behind a label."""
    first = line.pieces.index(over[0])
    before = [*over, *line.pieces[max(0, first - 1) : first]]
    return any(isinstance(piece, Phrase) and ("/s/" in piece.text.lower() or _is_label(piece)) for piece in before)


def _is_written_on(piece: Phrase, rule: Edge) -> bool:
    """Whether most of it is over the rule, and it says anything: a lone "/" or "X" where to sign does not."""
    return _overlap(piece, rule) > 0.5 * (piece.x1 - piece.x0) and len(_LETTER.findall(piece.text)) > 1


def _is_label(piece: Piece) -> bool:
    return isinstance(piece, Phrase) and is_label(piece.text)


def _overlap(piece: Piece, rule: Edge) -> float:
    return max(0.0, min(piece.x1, rule.end) - max(piece.x0, rule.start))


def _meet(level: Edge, upright: Edge) -> bool:
    return level.start - 2 <= upright.at <= level.end + 2 and upright.start - 2 <= level.at <= upright.end + 2
