"""What is drawn on a page with straight lines, read from PDFium's page objects within bounds."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pypdfium2.raw as pdfium_c

from buffrsign.documents.fields.geometry import Box, Edge, Strokes
from buffrsign.documents.fields.upright import Upright

MAX_OBJECTS = 4000
"""Of one page, those inside form XObjects included; the rest is not looked at."""

MAX_SEGMENTS = 20_000
"""Of all paths of one page together."""

_MAX_DEPTH = 3
_LONGEST_PATH = 200  # segments; longer ones are drawings
_MOST_STROKES = 600
_THIN = 3.0  # a stroke's own width, or a filled sliver that is meant as a line
_SHORT = 5.0
_GAP = 4.0  # between the dashes of one line


class Matrix(tuple[float, float, float, float, float, float]):
    """An affine map, as PDF writes it."""

    __slots__ = ()

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """Where the point goes."""
        a, b, c, d, e, f = self
        return a * x + c * y + e, b * x + d * y + f

    def then(self, outer: "Matrix") -> "Matrix":
        """This one first, and then the outer one."""
        a, b, c, d, e, f = self
        oa, ob, oc, od, _, _ = outer
        x, y = outer.apply(e, f)
        return Matrix((a * oa + b * oc, a * ob + b * od, c * oa + d * oc, c * ob + d * od, x, y))


_IDENTITY = Matrix((1.0, 0.0, 0.0, 1.0, 0.0, 0.0))


def strokes_of(page: pdfium_c.FPDF_PAGE, shown: Upright) -> Strokes:
    """The level and upright strokes and the frames of a page; dashes of one line are one stroke.

    None of a page that has so many that it is a drawing: each is compared with each later.
    """
    drawing = _Drawing(shown)
    for item, outer in _paths(page):
        drawing.add(item, outer)
    level, upright = _joined(drawing.level), _joined(drawing.upright)
    if max(len(level), len(upright)) > _MOST_STROKES:
        return Strokes((), (), ())
    return Strokes(tuple(level), tuple(upright), tuple(drawing.frames[:_MOST_STROKES]))


def _paths(page: pdfium_c.FPDF_PAGE) -> Iterator[tuple[pdfium_c.FPDF_PAGEOBJECT, Matrix]]:
    """Every path with the map of the form XObjects around it."""
    waiting = [
        (pdfium_c.FPDFPage_GetObject(page, number), _IDENTITY, 0)
        for number in range(min(pdfium_c.FPDFPage_CountObjects(page), MAX_OBJECTS))
    ]
    seen = len(waiting)
    while waiting:
        item, outer, depth = waiting.pop()
        kind = pdfium_c.FPDFPageObj_GetType(item)
        if kind == pdfium_c.FPDF_PAGEOBJ_PATH:
            yield item, outer
        elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            count = min(max(0, pdfium_c.FPDFFormObj_CountObjects(item)), MAX_OBJECTS - seen)
            inner = _matrix_of(item).then(outer)
            waiting += [(pdfium_c.FPDFFormObj_GetObject(item, number), inner, depth + 1) for number in range(count)]
            seen += count


def _matrix_of(item: pdfium_c.FPDF_PAGEOBJECT) -> Matrix:
    raw = pdfium_c.FS_MATRIX()
    if not pdfium_c.FPDFPageObj_GetMatrix(item, raw):
        return _IDENTITY
    return Matrix((raw.a, raw.b, raw.c, raw.d, raw.e, raw.f))


@dataclass
class _Drawing:
    shown: Upright
    level: list[Edge] = field(default_factory=list)
    upright: list[Edge] = field(default_factory=list)
    frames: list[Box] = field(default_factory=list)
    segments: int = 0

    def add(self, item: pdfium_c.FPDF_PAGEOBJECT, outer: Matrix) -> None:
        """Take a path apart, if it is drawn, and not too long to be meant as lines."""
        count = pdfium_c.FPDFPath_CountSegments(item)
        if not 2 <= count <= min(_LONGEST_PATH, MAX_SEGMENTS - self.segments):
            return
        filled, stroked = ctypes.c_int(), ctypes.c_int()
        is_known = pdfium_c.FPDFPath_GetDrawMode(item, filled, stroked)
        if not is_known or not (filled.value or stroked.value):
            return
        self.segments += count
        for points in self._outlines(item, count, _matrix_of(item).then(outer)):
            self._add_outline(points, stroked=bool(stroked.value))

    def _outlines(
        self, item: pdfium_c.FPDF_PAGEOBJECT, count: int, matrix: Matrix
    ) -> Iterator[list[tuple[float, float]]]:
        points: list[tuple[float, float]] = []
        x, y = ctypes.c_float(), ctypes.c_float()
        for number in range(count):
            segment = pdfium_c.FPDFPath_GetPathSegment(item, number)
            if pdfium_c.FPDFPathSegment_GetType(segment) == pdfium_c.FPDF_SEGMENT_MOVETO and points:
                yield points
                points = []
            pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
            points.append(self.shown.point(*matrix.apply(x.value, y.value)))
            if pdfium_c.FPDFPathSegment_GetClose(segment):
                points.append(points[0])
        if len(points) > 1:
            yield points

    def _add_outline(self, points: list[tuple[float, float]], *, stroked: bool) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        around = Box(min(xs), min(ys), max(xs), max(ys))
        if around.height <= _THIN:
            self._add_level(around)
        elif around.width <= _THIN:
            self._add_upright(around)
        elif stroked:
            for (ax, ay), (bx, by) in pairwise(points):
                self._add_side(Box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))
            if _is_frame(points, around):
                self.frames.append(around)

    def _add_side(self, side: Box) -> None:
        if side.height <= 1:
            self._add_level(side)
        elif side.width <= 1:
            self._add_upright(side)

    def _add_level(self, sliver: Box) -> None:
        if sliver.width >= 1:
            self.level.append(Edge(sliver.y0, sliver.x0, sliver.x1))

    def _add_upright(self, sliver: Box) -> None:
        if sliver.height >= _SHORT:
            self.upright.append(Edge(sliver.x0, sliver.y0, sliver.y1))


def _is_frame(points: list[tuple[float, float]], around: Box) -> bool:
    corners = {(around.x0, around.y0), (around.x0, around.y1), (around.x1, around.y0), (around.x1, around.y1)}
    near = {corner for corner in corners for x, y in points if abs(x - corner[0]) < 1 and abs(y - corner[1]) < 1}
    return near == corners and len(points) <= 6


def _joined(edges: list[Edge]) -> list[Edge]:
    """Strokes on one straight line that touch, or nearly do, as one."""
    joined: list[Edge] = []
    for edge in sorted(edges, key=lambda edge: (round(edge.at), edge.start)):
        last = joined[-1] if joined else None
        if last and abs(last.at - edge.at) < 1 and edge.start <= last.end + _GAP:
            joined[-1] = Edge(last.at, last.start, max(last.end, edge.end))
        else:
            joined.append(edge)
    return joined
