"""How the clause classifier learns, and on which paragraphs that it had not seen its decisions are chosen.

A linear support vector machine for each label, over tf-idf, learns from the parts of paragraphs and from clauses by
themselves: more is learnt from the sentence that is meant than from all that stands around it. What a score is worth in
its contract, and thresholds, come from scores that machines gave to folds they had not learnt from; where a fold is
held out, from such folds beside it, so that nothing of it is looked at.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from buffrsign.documents.analysis.context import Context
from buffrsign.documents.analysis.features import BUCKETS, Floats, Rows, weighted
from buffrsign.documents.analysis.model import together
from evaluation.analysis.deciding import Scored, in_context, thresholds
from evaluation.analysis.examples import FOLDS, Data, matrix

C = 1.0
_STEPS = 127  # to each side, so that a weight fits into a byte; what is judged has them too
FEWEST_PARTS = 2  # an n-gram in one part only says nothing about others

Folds = frozenset[int]
ALL_FOLDS = frozenset(range(FOLDS))


@dataclass(frozen=True)
class Look:
    """Weights by bucket and label, in steps of `step` as the model's file has them, and the rarity of buckets."""

    weights: npt.NDArray[np.int8]
    step: Floats
    bias: Floats
    rarity: Floats

    def scores_of(self, counts: Any) -> Floats:
        """A row for each row of the counts, a column for each label."""
        weighed = matrix(_weighted(counts, self.rarity))
        return np.asarray(weighed @ (self.weights * self.step) + self.bias, dtype=np.float32)


@dataclass(frozen=True)
class Learnt:
    """What decides: weights, what a score is worth in its contract, and thresholds of that."""

    look: Look
    context: Context
    thresholds: Floats


class Learning:
    """Learns from any of the folds. What a set of folds taught is kept for the next, in `kept` for later runs too."""

    def __init__(self, data: Data, *, progress: Callable[[], None] = lambda: None, kept: Path | None = None) -> None:
        self._data = data
        self._progress = progress
        self._kept = kept
        self._looks: dict[Folds, Look] = {}

    def learn(self, folds: Iterable[int]) -> Learnt:
        """Learn from these folds, and from nothing of the others: thresholds too.

        Context and thresholds are chosen on all of the folds where they are all five, each scored by what the four
        others taught; else on the two beside the one that is held out, each scored by what the remaining three taught.
        """
        seen = frozenset(folds)
        unseen = seen if seen == ALL_FOLDS else beside(*(ALL_FOLDS - seen))
        scored = [self.scored(self.look(seen - {fold}), fold) for fold in sorted(unseen)]
        context = in_context(scored)
        odds = np.concatenate([each.log_odds(context) for each in scored])
        labels = np.concatenate([each.labels for each in scored])
        return Learnt(self.look(seen), context, thresholds(odds, labels))

    def scored(self, look: Look, fold: int) -> Scored:
        """The paragraphs of a fold."""
        data = self._data
        mine = data.paragraphs.folds == fold
        whole, parts = look.scores_of(self._paragraphs[mine]), look.scores_of(self._parts[data.parts.folds == fold])
        sizes = np.diff(data.paragraphs.starts)[data.paragraphs.folds[data.paragraphs.starts[:-1]] == fold]
        return Scored(
            scores=together(whole, parts, data.counts[mine]),
            labels=data.paragraphs.labels[mine],
            lengths=data.lengths[mine],
            edges=np.concatenate([[0], np.cumsum(sizes)]),
        )

    def look(self, folds: Folds) -> Look:
        """What these folds teach."""
        if folds not in self._looks:
            self._looks[folds] = self._learn(folds) if self._kept is None else self._look_kept(folds, self._kept)
            self._progress()
        return self._looks[folds]

    def _look_kept(self, folds: Folds, folder: Path) -> Look:
        path = folder / f"{'-'.join(map(str, sorted(folds)))}.npz"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part.npz")
            np.savez(unfinished, **vars(self._learn(folds)))
            unfinished.rename(path)
        with np.load(path) as file:
            return Look(**file)

    def _learn(self, folds: Folds) -> Look:
        from scipy.sparse import vstack  # noqa: PLC0415 - only where models are trained

        chosen = [np.isin(examples.folds, sorted(folds)) for examples in (self._data.parts, self._data.spans)]
        counts = [whole[rows] for whole, rows in zip((self._parts, self._spans), chosen, strict=True)]
        rarity = _rarity(counts[0])
        labels = [
            examples.labels[rows] for examples, rows in zip((self._data.parts, self._data.spans), chosen, strict=True)
        ]
        weighed = vstack([matrix(_weighted(part, rarity)) for part in counts]).tocsr()
        return _fit(weighed, np.concatenate(labels), rarity)

    @cached_property
    def _paragraphs(self) -> Any:
        return matrix(self._data.paragraphs.rows)

    @cached_property
    def _parts(self) -> Any:
        return matrix(self._data.parts.rows)

    @cached_property
    def _spans(self) -> Any:
        return matrix(self._data.spans.rows)


def beside(fold: int) -> Folds:
    """The two folds next to this one, in a ring: left out with it in turn, five pairs serve all five folds."""
    return frozenset({(fold - 1) % FOLDS, (fold + 1) % FOLDS})


def _fit(weighed: Any, labels: npt.NDArray[np.int8], rarity: Floats) -> Look:
    from sklearn.svm import LinearSVC  # noqa: PLC0415 - only where models are trained

    weights = np.zeros((BUCKETS, labels.shape[1]), dtype=np.int8)
    step, bias = np.zeros((2, labels.shape[1]), dtype=np.float32)
    for column in range(labels.shape[1]):
        fitted = LinearSVC(C=C, tol=0.1, random_state=column).fit(weighed, labels[:, column])
        step[column] = max(np.abs(fitted.coef_[0]).max(), 1e-9) / _STEPS
        weights[:, column], bias[column] = np.rint(fitted.coef_[0] / step[column]), fitted.intercept_[0]
    return Look(weights, step, bias, rarity)


def _rarity(counts: Any) -> Floats:
    parts = np.bincount(counts.indices, minlength=BUCKETS)
    rarity = np.log((1 + counts.shape[0]) / (1 + parts)) + 1
    rarity[parts < FEWEST_PARTS] = 0
    return np.asarray(rarity.astype(np.float16), dtype=np.float32)  # as it is kept in the model's file


def _weighted(counts: Any, rarity: Floats) -> Rows:
    return weighted(Rows(counts.indptr.astype(np.int64), counts.indices.astype(np.int64), counts.data), rarity)
