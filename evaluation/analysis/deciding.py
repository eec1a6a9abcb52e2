"""From scores to decisions: what a score is worth beside the others of its contract, and from where a label is found.

Both are chosen on paragraphs whose scores come from machines that had not seen them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from buffrsign.documents.analysis.context import Context, features
from buffrsign.documents.analysis.features import Floats

SHRINKAGE = 60.0  # so many paragraphs with a label count as much as the threshold of all labels together
HOPELESS = -1.0  # what scores lower is never a clause; leaving it out makes the rest count, and saves most of the time

Labels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Scored:
    """Paragraphs of whole contracts: scores and labels by label, lengths, and the places where contracts begin and end.

    The last of `edges` is the number of paragraphs.
    """

    scores: Floats
    labels: Labels
    lengths: Floats
    edges: npt.NDArray[np.int64]

    def log_odds(self, context: Context) -> Floats:
        """What the context makes of the scores, contract by contract."""
        found = [context.log_odds(self.scores[mine], self.lengths[mine]) for mine in self.contracts()]
        return np.concatenate(found)

    def contracts(self) -> Iterator[slice]:
        """The paragraphs of each."""
        return (slice(first, last) for first, last in pairwise(self.edges))


def in_context(scored: Sequence[Scored]) -> Context:
    """The logistic curve over the features of scores that are not hopeless (Platt 1999, with more than one number).

    It is the same for all labels, but for how often each occurs: one label alone would have too few paragraphs.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only where models are trained

    labels = np.concatenate([each.labels for each in scored])
    frequency = np.log((labels.sum(axis=0) + 1) / (len(labels) + 1)).astype(np.float32)
    rows, truths = (
        np.concatenate(parts)
        for parts in zip(
            *(_examples(each, mine, frequency) for each in scored for mine in each.contracts()), strict=True
        )
    )
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    fitted = LogisticRegression(max_iter=1000).fit((rows - middle) / spread, truths)
    weights = (fitted.coef_[0] / spread).astype(np.float32)
    bias = np.float32(fitted.intercept_[0] - middle @ weights)
    return Context(weights[:-1], bias + weights[-1] * frequency)


def _examples(scored: Scored, mine: slice, frequency: Floats) -> tuple[Any, Any]:
    """One contract's scores that are not hopeless: their features and how often the label occurs, and the truth."""
    scores = scored.scores[mine]
    chosen = scores > HOPELESS
    spread = [np.broadcast_to(each, scores.shape)[chosen] for each in features(scores, scored.lengths[mine])]
    spread.append(np.broadcast_to(frequency, scores.shape)[chosen])
    return np.stack(spread, axis=1).astype(np.float64), scored.labels[mine][chosen]


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
