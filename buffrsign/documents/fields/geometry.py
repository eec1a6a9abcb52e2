"""What stands on a page, upright, in points from its lower left corner: phrases, places to write, drawn edges."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias


class Word(NamedTuple):
    """Characters without a space. `y` is the baseline; `size` the height of the writing."""

    text: str
    x0: float
    y: float
    x1: float
    size: float


class Phrase(NamedTuple):
    """Words of one line that stand close to each other."""

    text: str
    x0: float
    y: float
    x1: float
    size: float


class Blank(NamedTuple):
    """Something to write on: a run of underscores or dots, or a drawn line. `text` is what is written on it already.

    `ruled` is the height of the line itself, where what is written on it stands higher.
    """

    x0: float
    y: float
    x1: float
    size: float
    drawn: bool
    text: str = ""
    ruled: float | None = None

    @property
    def floor(self) -> float:
        """The height of the line itself."""
        return self.y if self.ruled is None else self.ruled

    @property
    def width(self) -> float:
        """How long it is."""
        return self.x1 - self.x0


class Tick(NamedTuple):
    """A character, or a pair of brackets, that is there to be ticked."""

    x0: float
    y: float
    x1: float
    size: float
    ticked: bool


Piece: TypeAlias = Phrase | Blank | Tick


class Line(NamedTuple):
    """What stands on one baseline, from left to right."""

    y: float
    size: float
    pieces: tuple[Piece, ...]


class Edge(NamedTuple):
    """A straight stroke: level at height `at` from `start` to `end`, or upright at x = `at`."""

    at: float
    start: float
    end: float


class Box(NamedTuple):
    """An area: a drawn frame, or a cell between strokes."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.y1 - self.y0

    def holds(self, x: float, y: float) -> bool:
        """Whether the point is inside."""
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1


@dataclass(frozen=True)
class Strokes:
    """What is drawn on a page with straight lines. Frames' edges are among `level` and `upright` too."""

    level: tuple[Edge, ...]
    upright: tuple[Edge, ...]
    frames: tuple[Box, ...]

    def frames_with_top(self, lowest: float, highest: float) -> list[Box]:
        """The frames whose upper edge is between these heights, in the order in which they were drawn."""
        tops, ordered = self._frames_by_top
        found = ordered[bisect_left(tops, lowest) : bisect_right(tops, highest)]
        return [frame for _, frame in sorted(found, key=lambda each: each[0])]

    @cached_property
    def _frames_by_top(self) -> tuple[list[float], list[tuple[int, Box]]]:
        ordered = sorted(enumerate(self.frames), key=lambda each: each[1].y1)
        return [frame.y1 for _, frame in ordered], ordered


@dataclass(frozen=True)
class Page:
    """A page as the rules see it, its lines from top to bottom. `number` counts from 1."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    strokes: Strokes

    def phrases(self) -> tuple[Phrase, ...]:
        """Every phrase, from top to bottom."""
        return self._phrases

    def within(self, box: Box) -> list[Phrase]:
        """The phrases whose middle is in a box, from top to bottom. Only those at its height are looked at."""
        heights, ordered = self._by_height
        first, end = bisect_left(heights, box.y0), bisect_right(heights, box.y1)
        found = (
            (number, phrase) for number, phrase in ordered[first:end] if box.x0 <= (phrase.x0 + phrase.x1) / 2 <= box.x1
        )
        return [phrase for _, phrase in sorted(found, key=lambda each: each[0])]

    @cached_property
    def _by_height(self) -> tuple[list[float], list[tuple[int, Phrase]]]:
        """The heights of the phrases' middles in ascending order, and the phrases with their numbers on the page."""
        ordered = sorted(enumerate(self._phrases), key=lambda each: each[1].y + each[1].size * 0.3)
        return [phrase.y + phrase.size * 0.3 for _, phrase in ordered], ordered

    @cached_property
    def _phrases(self) -> tuple[Phrase, ...]:
        return tuple(piece for line in self.lines for piece in line.pieces if isinstance(piece, Phrase))
