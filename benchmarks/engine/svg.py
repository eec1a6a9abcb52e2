"""Draws bars and curves as SVG: few enough lines that no library is needed, and readable on light and dark pages."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 760
LABEL_WIDTH = 310
VALUE_WIDTH = 110
BAR_HEIGHT = 20
ROW_HEIGHT = 28
HEAD_HEIGHT = 44
INK, PALE, OURS = "#57606a", "#8c959f", "#1f6feb"
CURVES = ("#1f6feb", "#57606a", "#bf8700", "#8250df", "#cf222e", "#1a7f37")

Bar = tuple[str, float, bool]
"""Label, value, and whether it is ours."""


def bars(title: str, rows: Sequence[Bar], *, unit: str) -> str:
    """Horizontal bars, the longest first."""
    ordered = sorted(rows, key=lambda row: -row[1])
    longest = max((value for _, value, _ in ordered), default=1.0) or 1.0
    room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
    parts = [_text(0, 22, title, size=16, weight=600)]
    for number, (label, value, is_ours) in enumerate(ordered):
        top = HEAD_HEIGHT + number * ROW_HEIGHT
        width = max(1.0, room * value / longest)
        colour = OURS if is_ours else PALE
        parts += [
            _text(LABEL_WIDTH - 10, top + 15, label, anchor="end", weight=600 if is_ours else 400),
            f'<rect x="{LABEL_WIDTH}" y="{top}" width="{width:.1f}" height="{BAR_HEIGHT}" rx="2" fill="{colour}"/>',
            _text(LABEL_WIDTH + width + 8, top + 15, f"{_number(value)} {unit}".strip()),
        ]
    return _page(parts, HEAD_HEIGHT + len(ordered) * ROW_HEIGHT + 8, title)


def curves(title: str, series: Mapping[str, Sequence[float]], *, x_label: str) -> str:
    """The share of samples that are at most so large, for each series; the x axis is logarithmic."""
    left, top, right, bottom = 50.0, 44.0, WIDTH - 20.0, 340.0
    values = [max(value, 0.1) for samples in series.values() for value in samples]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
    high = max(high, low + 1)

    def x_of(value: float) -> float:
        return left + (right - left) * (math.log10(max(value, 10**low)) - low) / (high - low)

    parts = [_text(0, 22, title, size=16, weight=600)]
    for power in range(low, high + 1):
        x = x_of(10**power)
        parts += [_line(x, top, x, bottom), _text(x, bottom + 18, f"{10**power:g}", anchor="middle")]
    for share in (0, 50, 90, 100):
        y = bottom - (bottom - top) * share / 100
        parts += [_line(left, y, right, y), _text(left - 6, y + 4, f"{share} %", anchor="end", size=11)]
    parts.append(_text((left + right) / 2, bottom + 38, x_label, anchor="middle"))
    for number, (label, samples) in enumerate(series.items()):
        colour = CURVES[number % len(CURVES)]
        ordered = sorted(samples)
        shown = [min(index, len(ordered) - 1) for index in _thinned(len(ordered))]
        points = " ".join(
            f"{x_of(ordered[index]):.1f},{bottom - (bottom - top) * (index + 1) / len(ordered):.1f}" for index in shown
        )
        y = bottom + 62 + number * 20
        parts += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<rect x="{left}" y="{y - 10}" width="24" height="4" fill="{colour}"/>',
            _text(left + 34, y - 4, label),
        ]
    return _page(parts, int(bottom + 62 + len(series) * 20), title)


def _thinned(count: int, most: int = 200) -> list[int]:
    step = max(1, count // most)
    return [*range(0, count, step), count - 1]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13, weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{INK}">{escape(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{PALE}" '
        'stroke-width="1" stroke-opacity="0.4"/>'
    )


def _page(parts: list[str], height: int, title: str) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{escape(title)}" font-family="system-ui, sans-serif">',
            *parts,
            "</svg>\n",
        ]
    )
