"""The clause classifier as it was trained: a file of small numbers, read and run with numpy alone.

A linear model for each label over n-grams and the words beside them. It scores a paragraph as a whole and part by part,
since a clause is often one sentence among others: what counts is half the one and half the best of the others. What
that is worth, the other scores of the document say. A label is found where it reaches the label's threshold.

The weights stay in their file and are mapped into memory: reading them costs nothing at the start, and every process
that looks at them shares them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import file_digest
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from buffrsign.core.errors import Permanent
from buffrsign.documents.analysis.context import Context, length_of
from buffrsign.documents.analysis.features import Floats, Ints, Rows, counted, weighted
from buffrsign.documents.analysis.parts import parts_of

FOLDER = Path(__file__).parent / "model"
WEIGHTS, REST = "weights.npy", "clauses.npz"
_ROWS_AT_ONCE = 64


class ModelDamaged(Permanent):
    """A file of the model is not the one that its card describes; install the package anew."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model beside its numbers: `sha256` by file, `f1` and `support` by label, held out.

    Findings of `weak` labels are guesses.
    """

    version: str
    sha256: dict[str, str]
    trained_on: str
    labels: tuple[str, ...]
    weak: tuple[str, ...]
    f1: dict[str, float]
    support: dict[str, int]


@dataclass(frozen=True)
class Model:
    """`weights` has a row for each bucket and a column for each label, in steps of `step`."""

    card: Card
    weights: npt.NDArray[np.int8]
    step: Floats
    bias: Floats
    rarity: Floats
    context: Context
    thresholds: Floats

    def scores(self, paragraphs: Sequence[str]) -> Floats:
        """How likely each label is, as log-odds, for the paragraphs of one document in their order: a row for each."""
        lengths = np.array([length_of(paragraph) for paragraph in paragraphs], dtype=np.float32)
        return self.context.log_odds(self.word_scores(paragraphs), lengths)

    def probabilities(self, scores: Floats) -> Floats:
        """How likely labels with these scores are."""
        return np.asarray(1 / (1 + np.exp(-scores)), dtype=np.float32)

    def word_scores(self, paragraphs: Sequence[str]) -> Floats:
        """The score of each label by the words alone, in the same shape."""
        parts = [parts_of(paragraph) for paragraph in paragraphs]
        whole, each = (
            self.scores_of(weighted(counted(texts), self.rarity))
            for texts in (paragraphs, [part for those in parts for part in those])
        )
        return together(whole, each, np.array([len(those) for those in parts], dtype=np.int64))

    def scores_of(self, rows: Rows) -> Floats:
        """The scores of weighted rows, in parts so that memory stays small."""
        scores = np.zeros((len(rows), len(self.step)), dtype=np.float32)
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            last = min(first + _ROWS_AT_ONCE, len(rows))
            begin, end = rows.starts[first], rows.starts[last]
            products = self.weights[rows.buckets[begin:end]] * rows.values[begin:end, None]
            ends = np.concatenate([np.zeros((1, len(self.step))), np.cumsum(products, axis=0, dtype=np.float64)])
            inside = rows.starts[first : last + 1] - begin
            scores[first:last] = ends[inside[1:]] - ends[inside[:-1]]
        return np.asarray(scores * self.step + self.bias, dtype=np.float32)


def together(whole: Floats, parts: Floats, counts: Ints) -> Floats:
    """The scores of paragraphs, from those of each as a whole and those of its parts, of which it has so many."""
    return np.asarray((whole + np.maximum.reduceat(parts, np.cumsum(counts) - counts, axis=0)) / 2, dtype=np.float32)


@cache
def shipped() -> Model:
    """The package's own model, read once in a process."""
    return read(FOLDER)


def read(folder: Path) -> Model:
    """The model in this folder.

    Raises:
        ModelDamaged: the bytes of a file are not those that its card names.
    """
    card = msgspec.json.decode((folder / "card.json").read_bytes(), type=Card)
    for name in (WEIGHTS, REST):
        with (folder / name).open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != card.sha256[name]:
                raise ModelDamaged("the clause model is not the one that its card describes; install the package anew")
    with np.load(folder / REST, allow_pickle=False) as file:
        rest = {name: file[name].astype(np.float32) for name in file.files}
    return Model(
        card=card,
        weights=np.asarray(np.load(folder / WEIGHTS, mmap_mode="r", allow_pickle=False)),
        context=Context(rest.pop("context_weights"), rest.pop("context_bias")),
        **rest,
    )
