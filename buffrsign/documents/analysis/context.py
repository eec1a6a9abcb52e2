"""What the other scores of a document say about one of its scores: a second, small step after the classifier.

A clause stands in few places of a contract, so a score says more where it is the contract's best. A clause that a
page's end cut scores on both sides. A long paragraph scores lower than a short one that says the same. Twenty numbers
tell this, and one logistic curve over them, the same for every label, says how likely the label is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from buffrsign.documents.analysis.features import LONGEST_CHARACTERS, Floats

FEATURES = 20
_NONE = np.float32(-2)
"""The score of a paragraph that is not there, before the first or after the last; none counts as lower."""

_HIGH = np.float32(1)
_FAR = np.float32(-3)
_LIKELY_FROM, _LIKELY_SLOPE = np.float32(-0.25), np.float32(6)


@dataclass(frozen=True)
class Context:
    """A weight for each of `FEATURES`, and for each label a number that depends on how often it occurs."""

    weights: Floats
    bias: Floats

    def log_odds(self, scores: Floats, lengths: Floats) -> Floats:
        """How likely each label is, as log-odds, for one document: a row for each paragraph, a column for each label.

        `scores` has the same shape; `lengths` are the paragraphs', see `length_of`.
        """
        total = np.broadcast_to(self.bias, scores.shape).astype(np.float32)
        for weight, feature in zip(self.weights, features(scores, lengths), strict=True):
            total += weight * feature
        return total


def length_of(text: str) -> float:
    """The logarithm of the number of words, as far as a paragraph is looked at."""
    return float(np.log1p(len(text[:LONGEST_CHARACTERS].split())))


def features(scores: Floats, lengths: Floats) -> Iterator[Floats]:
    """Each of `FEATURES` for every paragraph and label of one document, or in a shape that spreads to them."""
    if not len(scores):
        return iter([scores] * FEATURES)
    return chain(_own(scores, lengths), _in_document(scores), _nearby(scores))


def _own(scores: Floats, lengths: Floats) -> Iterator[Floats]:
    """The score by itself, bent at two places; the paragraph's best other label, its length and its place."""
    yield scores
    yield np.maximum(scores + np.float32(0.5), 0)
    yield np.maximum(scores, 0)
    yield np.clip(_best_other(scores), _NONE, _HIGH)
    length = lengths.astype(np.float32)[:, None]
    yield length
    yield scores * length
    place = np.linspace(0, 1, len(scores), endpoint=False, dtype=np.float32)[:, None]
    yield place
    yield (place - np.float32(0.5)) ** 2


def _in_document(scores: Floats) -> Iterator[Floats]:
    """Among the scores of the label in the document: how far below the best, which in order, how many are likely."""
    below = np.maximum(scores - scores.max(axis=0), _FAR)
    yield below
    yield (below == 0).astype(np.float32)
    yield np.maximum(below + np.float32(0.3), 0)
    yield scores * below
    yield np.log1p(_ranks(scores))
    likely = 1 / (1 + np.exp(-_LIKELY_SLOPE * (scores - _LIKELY_FROM)))
    yield np.log1p(likely.sum(axis=0, dtype=np.float32))[None, :]


def _nearby(scores: Floats) -> Iterator[Floats]:
    """The same label in the paragraphs beside it, and in those beside these."""
    before, after = _beside(scores, 1)
    yield before
    yield after
    yield np.maximum(before, after)
    yield np.minimum(before - scores, _HIGH)
    yield np.minimum(after - scores, _HIGH)
    yield np.maximum(*_beside(scores, 2))


def _beside(scores: Floats, distance: int) -> Sequence[Floats]:
    """The scores so many paragraphs before, and after."""
    before, after = np.full_like(scores, _NONE), np.full_like(scores, _NONE)
    before[distance:], after[:-distance] = scores[:-distance], scores[distance:]
    return np.clip(before, _NONE, _HIGH), np.clip(after, _NONE, _HIGH)


def _best_other(scores: Floats) -> Floats:
    """The best score of another label in the same paragraph."""
    second, first = np.partition(scores, (-2, -1), axis=1)[:, -2:].T[:, :, None]
    return np.asarray(np.where(scores == first, second, first), dtype=np.float32)


def _ranks(scores: Floats) -> Floats:
    """How many paragraphs score higher, or equally and stand before it."""
    order = np.argsort(-scores, axis=0, kind="stable")
    ranks = np.empty_like(scores)
    np.put_along_axis(ranks, order, np.arange(len(scores), dtype=np.float32)[:, None], axis=0)
    return ranks
