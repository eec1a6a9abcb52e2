"""How the clause classifier learns, and how its thresholds are chosen on paragraphs that it had not seen.

A linear support vector machine for each label, over tf-idf, learns from the parts of paragraphs and from clauses by
themselves: more is learnt from the sentence that is meant than from all that stands around it. Thresholds come from
scores that machines gave to folds they had not learnt from; where a fold is held out, from such folds beside it, so
that nothing of it is looked at.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from buffrsign.documents.analysis.features import BUCKETS, Floats, Rows, weighted
from buffrsign.documents.analysis.model import together
from evaluation.analysis.examples import FOLDS, Data, matrix

C = 1.0
FEWEST_PARTS = 2  # an n-gram in one part only says nothing about others
SHRINKAGE = 60.0  # so many paragraphs with a label count as much as the threshold of all labels together

Folds = frozenset[int]
ALL_FOLDS = frozenset(range(FOLDS))
Labels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Look:
    """Weights by bucket and label, and the rarity of buckets."""

    weights: Floats
    bias: Floats
    rarity: Floats


@dataclass(frozen=True)
class Learnt:
    """What decides: weights and thresholds. A logistic curve with this slope and middle says how likely a score is."""

    look: Look
    thresholds: Floats
    slope: Floats
    middle: Floats


class Learning:
    """Learns from any of the folds. What a set of folds taught is kept for the next, in `kept` for later runs too."""

    def __init__(self, data: Data, *, progress: Callable[[], None] = lambda: None, kept: Path | None = None) -> None:
        self._data = data
        self._progress = progress
        self._kept = kept
        self._looks: dict[Folds, Look] = {}

    def learn(self, folds: Iterable[int]) -> Learnt:
        """Learn from these folds, and from nothing of the others: thresholds too.

        Thresholds are chosen on all of the folds where they are all five, each scored by what the four others taught;
        else on the two beside the one that is held out, each scored by what the remaining three taught.
        """
        seen = frozenset(folds)
        unseen = seen if seen == ALL_FOLDS else beside(*(ALL_FOLDS - seen))
        scored = [self.scores(self.look(seen - {fold}), fold) for fold in sorted(unseen)]
        scores, labels = (np.concatenate(parts) for parts in zip(*scored, strict=True))
        return Learnt(self.look(seen), thresholds(scores, labels), *_curve(scores, labels))

    def scores(self, look: Look, fold: int) -> tuple[Floats, Labels]:
        """The scores of the paragraphs of a fold, and their labels."""
        mine = self._data.paragraphs.folds == fold
        whole, parts = (
            np.asarray(matrix(_weighted(counts, look.rarity)) @ look.weights + look.bias, dtype=np.float32)
            for counts in (self._paragraphs[mine], self._parts[self._data.parts.folds == fold])
        )
        return together(whole, parts, self._data.counts[mine]), self._data.paragraphs.labels[mine]

    def look(self, folds: Folds) -> Look:
        """What these folds teach."""
        if folds not in self._looks:
            self._looks[folds] = self._learn(folds) if self._kept is None else self._look_kept(folds, self._kept)
            self._progress()
        return self._looks[folds]

    def _look_kept(self, folds: Folds, folder: Path) -> Look:
        path = folder / f"first-{'-'.join(map(str, sorted(folds)))}.npz"
        if not path.exists():
            look = self._learn(folds)
            folder.mkdir(parents=True, exist_ok=True)
            np.savez(path, weights=look.weights, bias=look.bias, rarity=look.rarity)
        with np.load(path) as file:
            return Look(file["weights"], file["bias"], file["rarity"])

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


def thresholds(scores: Floats, labels: Labels) -> Floats:
    """For each label the score from which its F1 is best, drawn towards the one that is best for all together.

    A label with few paragraphs would otherwise get the threshold of its accidents.
    """
    overall = _best_threshold(scores.ravel(), labels.ravel())
    found = []
    for column in range(labels.shape[1]):
        support = int(labels[:, column].sum())
        own = _best_threshold(scores[:, column], labels[:, column]) if support else overall
        found.append((support * own + SHRINKAGE * overall) / (support + SHRINKAGE))
    return np.array(found, dtype=np.float32)


def _best_threshold(scores: Floats, labels: Labels) -> float:
    """Half-way between the last that is taken and the first that is not; equal ones are taken together."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(labels[order], dtype=np.int64)
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    is_last_of_equals = np.append(ranked[1:] < ranked[:-1], True)
    best = int(np.argmax(np.where(is_last_of_equals, f1, -1)))
    return float((ranked[best] + ranked[min(best + 1, len(ranked) - 1)]) / 2)


def _curve(scores: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Slope and middle of the logistic curve through all labels' scores together (Platt 1999), the same for each.

    One label alone would have too few paragraphs, and its curve could fall.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only where models are trained

    fitted = LogisticRegression(C=1e6).fit(scores.reshape(-1, 1), labels.ravel())
    slope, bias = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    count = labels.shape[1]
    return np.full(count, slope, dtype=np.float32), np.full(count, -bias / slope, dtype=np.float32)


def _fit(weighed: Any, labels: Labels, rarity: Floats) -> Look:
    from sklearn.svm import LinearSVC  # noqa: PLC0415 - only where models are trained

    weights = np.zeros((BUCKETS, labels.shape[1]), dtype=np.float32)
    bias = np.zeros(labels.shape[1], dtype=np.float32)
    for column in range(labels.shape[1]):
        fitted = LinearSVC(C=C, tol=0.1, random_state=column).fit(weighed, labels[:, column])
        weights[:, column], bias[column] = fitted.coef_[0], fitted.intercept_[0]
    return Look(weights, bias, rarity)


def _rarity(counts: Any) -> Floats:
    parts = np.bincount(counts.indices, minlength=BUCKETS)
    rarity = np.log((1 + counts.shape[0]) / (1 + parts)) + 1
    rarity[parts < FEWEST_PARTS] = 0
    return np.asarray(rarity.astype(np.float16), dtype=np.float32)  # as it is kept in the model's file


def _weighted(counts: Any, rarity: Floats) -> Rows:
    return weighted(Rows(counts.indptr.astype(np.int64), counts.indices.astype(np.int64), counts.data), rarity)
