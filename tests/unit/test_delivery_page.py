"""docs/delivery.md has a row for every fault, and each test that it names exists."""

import ast
import re
from pathlib import Path

from workers.processes import ROOT

PAGE = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (3\.\d+) \|(.*)\|$", PAGE, flags=re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_fault_has_one_row() -> None:
    assert [number for number, _row in ROWS] == [f"3.{number}" for number in range(1, 27)]


def test_every_row_says_what_happens_elsewhere_and_here_and_names_a_test() -> None:
    for number, row in ROWS:
        elsewhere, here, shown_by = (cell.strip() for cell in row.split("|"))

        assert elsewhere, number
        assert here, number
        assert TEST.fullmatch(shown_by), number


def test_every_test_that_the_page_names_exists() -> None:
    named = TEST.findall(PAGE)

    assert named
    assert [f"{file}::{name}" for file, name in named if name not in names_in(ROOT / file)] == []


def names_in(file: Path) -> set[str]:
    """The names of the test functions in this file."""
    if not file.exists():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
