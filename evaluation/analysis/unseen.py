"""The shipped clause classifier on labelled paragraphs that it never saw: `python -m evaluation.analysis.unseen FILE`.

FILE has a line of JSON for each paragraph, `{"contract": …, "text": …, "labels": […]}`, those of a contract together
and in its order. Contracts that the model was trained on flatter it.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track

from buffrsign.documents.analysis.model import Model, shipped
from evaluation.analysis.crossing import Crossed, judged, summed
from evaluation.analysis.tables import as_json, clause_table

Lines = Sequence[dict[str, Any]]
Flags = npt.NDArray[np.bool_]


def main(arguments: list[str] | None = None) -> None:
    """Judge and print. Exit code 1: the file cannot be judged."""
    given = _parse(arguments)
    model = shipped()
    try:
        figures = judge([list(lines) for _, lines in _contracts(given.file)], model)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{given.file} has no labelled paragraphs: {type(error).__name__}: {error}")
    said = as_json(figures)
    if given.json:
        sys.stdout.write(json.dumps(said, indent=2) + "\n")
    else:
        Console().print(clause_table(said, title=f"{model.card.version} on {given.file.name}"))


def judge(contracts: Sequence[Lines], model: Model) -> Crossed:
    """Find the labels of every paragraph, contract by contract.

    Raises:
        ValueError: there is no paragraph, or one has a label that the model does not know.
    """
    labels = model.card.labels
    if unknown := {label for lines in contracts for line in lines for label in line["labels"]} - set(labels):
        raise ValueError(f"labels that the model does not know: {', '.join(sorted(unknown))}")
    pairs = [_compared(lines, model) for lines in track(contracts, "contracts", console=Console(stderr=True))]
    if not pairs:
        raise ValueError("there is no paragraph")
    found, true = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return summed([judged(found, true)], labels)


def _compared(lines: Lines, model: Model) -> tuple[Flags, Flags]:
    """What is found in a contract's paragraphs, and what is so."""
    true = np.array([[label in line["labels"] for label in model.card.labels] for line in lines])
    return model.scores([line["text"] for line in lines]) >= model.thresholds, true


def _contracts(path: Path) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    with path.open(encoding="utf-8") as file:
        yield from groupby(map(json.loads, file), key=lambda line: str(line["contract"]))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.analysis.unseen", description=__doc__)
    parser.add_argument("file", type=Path, help="labelled paragraphs, a line of JSON each")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
