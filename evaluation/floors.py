"""The figures below which a measurement counts as fallen: measured once, minus a small margin, in `floors.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.section import Section

FLOORS = Path(__file__).with_name("floors.json")


def recorded() -> dict[str, dict[str, float]]:
    """Section's name to dotted path to the least value, as committed."""
    floors: dict[str, dict[str, float]] = json.loads(FLOORS.read_text(encoding="utf-8"))
    return floors


def fallen(section: Section, floors: Mapping[str, float]) -> list[str]:
    """A sentence for each figure that is below its floor, or that was not measured."""
    return [said for path, floor in floors.items() if (said := _said(section, path, floor))]


def _said(section: Section, path: str, floor: float) -> str:
    value = _at(section.figures, path)
    if not isinstance(value, int | float):
        return f"{section.name}: {path} was not measured; its floor is {floor}"
    if value < floor:
        return f"{section.name}: {path} is {value:.3f}, below its floor {floor}"
    return ""


def _at(figures: Mapping[str, Any], path: str) -> Any:
    found: Any = figures
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
