"""The cell of a table, or the frame, that a point is in, from the strokes around it."""

from buffrsign.documents.fields.geometry import Box, Edge, Page, Phrase

_REACH = 1.5


def cell_at(page: Page, x: float, y: float) -> Box | None:
    """The nearest strokes left, right, below and above the point, if they are there and the cell is no whole page."""
    left, right = _nearest(page.strokes.upright, across=y, along=x)
    lower, upper = _nearest(page.strokes.level, across=x, along=y)
    if left is None or right is None or lower is None or upper is None:
        return None
    cell = Box(left, lower, right, upper)
    if cell.width > 0.95 * page.width or cell.height > 0.35 * page.height or cell.height < 6 or cell.width < 6:
        return None
    return cell


def _nearest(edges: tuple[Edge, ...], *, across: float, along: float) -> tuple[float | None, float | None]:
    """The last stroke before and the first after the point, of those that pass it."""
    before: float | None = None
    after: float | None = None
    for edge in edges:
        if edge.start - _REACH <= across <= edge.end + _REACH:
            if edge.at <= along and (before is None or edge.at > before):
                before = edge.at
            elif edge.at > along and (after is None or edge.at < after):
                after = edge.at
    return before, after


def inside(page: Page, cell: Box) -> list[Phrase]:
    """What is written in a cell."""
    return page.within(cell)
