"""Drawn lines find their place among the words: to be written on, with something written on them, or as underlines."""

import re
from collections.abc import Iterator

from buffrsign.documents.fields.geometry import Blank, Edge, Line, Phrase, Piece, Strokes
from buffrsign.documents.fields.vocabulary import is_label, kind_of

DASHES_UNDER = 1.8
"""How far under the words a row of dashes that rules them is, in sizes of the writing."""

_UNDER = 0.55
_FAR_UNDER = 2.1  # a line for which room was left over it, beside its label
_OVER = 0.15
_FROM_LABEL = 5.0
_SHORTEST_PT = 14.0
_CORNER_PT = 12.0
_MOST_OF = 0.8
_COLUMNS_APART = 3.0
_LABEL_UNDER = 2.6
_LABEL_WORDS = 3
_LETTER = re.compile(r"[^\W_]")
_NOWHERE = Line(0.0, 10.0, ())


def rules_of(strokes: Strokes) -> Iterator[Edge]:
    """The level strokes that are no edge of a frame or a table."""
    for edge in strokes.level:
        if edge.end - edge.start < _SHORTEST_PT or any(_meet(edge, side) for side in strokes.upright):
            continue
        if not _has_round_corners(edge, strokes.upright):
            yield edge


def _has_round_corners(level: Edge, upright: tuple[Edge, ...]) -> bool:
    """Whether upright strokes begin or end close to both its ends, as those of a frame with round corners do."""
    near = [side for side in upright if min(abs(side.start - level.at), abs(side.end - level.at)) < _CORNER_PT]
    left = any(0 <= level.start - side.at < _CORNER_PT for side in near)
    return left and any(0 <= side.at - level.end < _CORNER_PT for side in near)


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
    is_explained = _is_explained(rule, line, lines) and all(
        kind_of(word.text) is None for word in words if isinstance(word, Phrase)
    )
    if any(isinstance(piece, Blank) for piece in over) or (not is_explained and _is_underline(rule, line, over, words)):
        return
    values = [piece for piece in words if isinstance(piece, Phrase) and _is_written_on(piece, rule)]
    start = max([rule.start, *(piece.x1 for piece in labels if piece.x0 < rule.start + line.size)])
    blanks = [Blank(start, rule.at, rule.end, line.size, drawn=True)]
    if values:
        blanks = [_filled(group, line, rule) for group in _groups(values)]
    rest = [piece for piece in line.pieces if piece not in values]
    lines[at] = line._replace(pieces=tuple(sorted([*rest, *blanks], key=lambda piece: piece.x0)))


def _groups(values: list[Phrase]) -> list[list[Phrase]]:
    """Values with a wide gap between them are those of two columns, even if one line rules both."""
    groups = [[values[0]]]
    for value in values[1:]:
        if value.x0 - groups[-1][-1].x1 > _COLUMNS_APART * value.size:
            groups.append([])
        groups[-1].append(value)
    return groups


def _filled(values: list[Phrase], line: Line, rule: Edge) -> Blank:
    text = " ".join(value.text for value in values)
    return Blank(values[0].x0, line.y, values[-1].x1, line.size, drawn=True, text=text, ruled=rule.at)


def holds_value_over(rule: Edge, lines: list[Line]) -> bool:
    """Whether the words over a row of underscores were filled in: "/s/", or behind a label."""
    at = _line_on(rule, lines, DASHES_UNDER)
    if at is None or all(isinstance(piece, Blank) for piece in lines[at].pieces):
        return False
    over = [piece for piece in lines[at].pieces if _overlap(piece, rule) > 0 and not _is_label(piece)]
    return bool(over) and _is_value(over, lines[at])


def _is_explained(rule: Edge, line: Line, lines: list[Line]) -> bool:
    """Whether a label stands right under the rule, as in "(Title)": then it is no underline."""
    return any(
        isinstance(piece, Phrase)
        and abs(piece.x0 - rule.start) < _FROM_LABEL * piece.size
        and len(piece.text.split()) <= _LABEL_WORDS
        and not piece.text.endswith(":")
        and kind_of(piece.text) is not None
        for other in lines
        if 0 < rule.at - other.y < _LABEL_UNDER * other.size and other is not line
        for piece in other.pieces
    )


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
