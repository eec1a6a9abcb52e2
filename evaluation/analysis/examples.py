"""The training data: paragraphs in the order of their contracts, their parts, and clauses, with labels and folds."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from buffrsign.documents.analysis.context import length_of
from buffrsign.documents.analysis.features import BUCKETS, Floats, Rows, counted
from buffrsign.documents.analysis.parts import parts_of
from evaluation.analysis.placing import letters, placed

FOLDS = 5


@dataclass(frozen=True)
class Examples:
    """Rows of counts, with labels as 0 or 1, and the fold of each; `starts` are the places where contracts begin."""

    rows: Rows
    labels: npt.NDArray[np.int8]
    folds: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Data:
    """Parts and spans are learnt from, paragraphs are judged.

    A paragraph has so many parts as `counts` says, and is as long as `lengths`, see `length_of`.
    """

    names: tuple[str, ...]
    paragraphs: Examples
    parts: Examples
    counts: npt.NDArray[np.int64]
    lengths: Floats
    spans: Examples


def read(folder: Path) -> Data:
    """The data in this folder, see its README.

    Raises:
        FileNotFoundError: it has no `contracts/paragraphs_dev.jsonl` or `contracts/clauses_dev.jsonl`.
    """
    paragraphs, spans = (_lines(folder / "contracts" / f"{name}_dev.jsonl") for name in ("paragraphs", "clauses"))
    names = tuple(sorted({label for line in [*paragraphs, *spans] for label in line["labels"]}))
    clauses: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    for line in spans:
        clauses[line["contract"]].append((letters(line["text"]), line["labels"]))
    contracts = [list(lines) for _, lines in groupby(paragraphs, key=lambda line: str(line["contract"]))]
    parts = [[_parts(line, clauses[line["contract"]]) for line in contract] for contract in contracts]
    return Data(
        names=names,
        paragraphs=_examples(contracts, names),
        parts=_examples([list(chain.from_iterable(contract)) for contract in parts], names),
        counts=np.array([len(each) for contract in parts for each in contract]),
        lengths=np.array([length_of(line["text"]) for line in paragraphs], dtype=np.float32),
        spans=_examples([[line] for line in spans], names),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _parts(line: dict[str, Any], clauses: Sequence[tuple[str, Sequence[str]]]) -> list[dict[str, Any]]:
    """A paragraph's parts, as lines."""
    parts = parts_of(line["text"])
    labels = placed(parts, line["labels"], clauses)
    return [{"fold": line["fold"], "text": part, "labels": mine} for part, mine in zip(parts, labels, strict=True)]


def _examples(documents: Sequence[Sequence[dict[str, Any]]], names: Sequence[str]) -> Examples:
    lines = [line for document in documents for line in document]
    labels = np.array([[name in line["labels"] for name in names] for line in lines], dtype=np.int8)
    return Examples(
        rows=_joined([counted([line["text"] for line in document]) for document in documents]),
        labels=labels,
        folds=np.array([line["fold"] for line in lines]),
        starts=np.concatenate([[0], np.cumsum([len(document) for document in documents])]),
    )


def _joined(parts: Sequence[Rows]) -> Rows:
    offsets = np.cumsum([0, *(len(part.buckets) for part in parts)])
    starts = [part.starts[:-1] + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
    return Rows(
        np.concatenate([*starts, offsets[-1:]]),
        np.concatenate([part.buckets for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def matrix(rows: Rows) -> Any:
    """The rows as a sparse matrix of SciPy's."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - only where models are trained

    whole = csr_matrix((rows.values, rows.buckets, rows.starts), shape=(len(rows), BUCKETS))
    whole.eliminate_zeros()
    return whole
