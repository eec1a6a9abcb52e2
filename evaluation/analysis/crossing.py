"""The held-out figures of the clause classifier: each fold judged by what the four others taught."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from buffrsign.documents.analysis.features import Floats
from evaluation.analysis.examples import FOLDS
from evaluation.analysis.learning import Learning

RARE_SUPPORT = 50
WEAK_F1 = 0.4


@dataclass(frozen=True)
class LabelScore:
    """A label over all folds: counts added up. `f1` is the mean of the folds in which it occurs."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int

    @property
    def is_weak(self) -> bool:
        """Whether it is so rare, or found so badly, that a finding of it is a guess."""
        return self.support < RARE_SUPPORT or self.f1 < WEAK_F1


@dataclass(frozen=True)
class Crossed:
    """Micro-F1 and macro-F1 of each fold, over all labels, and the labels' own figures."""

    micro: tuple[float, ...]
    macro: tuple[float, ...]
    labels: tuple[LabelScore, ...]


@dataclass(frozen=True)
class Counted:
    """By label: rightly found, wrongly found, missed."""

    hits: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.int64]
    missed: npt.NDArray[np.int64]

    @property
    def f1(self) -> Floats:
        """By label; 0 where it neither occurs nor is found."""
        return np.asarray(2 * self.hits / np.maximum(2 * self.hits + self.wrong + self.missed, 1), dtype=np.float32)

    @property
    def micro(self) -> float:
        """Over all labels together; 0 where none occurs or is found."""
        hits, wrong, missed = (int(each.sum()) for each in (self.hits, self.wrong, self.missed))
        return 2 * hits / max(2 * hits + wrong + missed, 1)


def crossed(learning: Learning, names: tuple[str, ...]) -> Crossed:
    """Judge every fold. The mean of the folds is what counts: macro over all labels, those that a fold lacks as 0."""
    return summed([_judged(learning, fold) for fold in range(FOLDS)], names)


def summed(counted: Sequence[Counted], names: Sequence[str]) -> Crossed:
    """The figures of each fold, or of whatever else was judged by itself, and the labels' over all of them."""
    return Crossed(
        micro=tuple(each.micro for each in counted),
        macro=tuple(float(each.f1.mean()) for each in counted),
        labels=tuple(_label(name, column, counted) for column, name in enumerate(names)),
    )


def _judged(learning: Learning, held_out: int) -> Counted:
    learnt = learning.learn(fold for fold in range(FOLDS) if fold != held_out)
    scored = learning.scored(learnt.look, held_out)
    return judged(scored.log_odds(learnt.context) >= learnt.thresholds, scored.labels == 1)


def judged(found: npt.NDArray[np.bool_], true: npt.NDArray[np.bool_]) -> Counted:
    """Count what was found against what is so, label by label."""
    return Counted((found & true).sum(axis=0), (found & ~true).sum(axis=0), (~found & true).sum(axis=0))


def _label(name: str, column: int, counted: Iterable[Counted]) -> LabelScore:
    folds = list(counted)
    hits, wrong, missed = (
        sum(int(getattr(each, what)[column]) for each in folds) for what in ("hits", "wrong", "missed")
    )
    occurring = [float(each.f1[column]) for each in folds if each.hits[column] + each.missed[column]]
    return LabelScore(
        name=name,
        precision=hits / max(hits + wrong, 1),
        recall=hits / max(hits + missed, 1),
        f1=float(np.mean(occurring)) if occurring else 0.0,
        support=hits + missed,
    )
