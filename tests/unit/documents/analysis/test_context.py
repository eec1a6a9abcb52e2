"""What the other scores of a document say about a score."""

import numpy as np
import pytest

from buffrsign.documents.analysis.context import FEATURES, Context, features, length_of
from buffrsign.documents.analysis.features import Floats
from buffrsign.documents.analysis.model import shipped

LENGTH = length_of("The Supplier shall keep the insurance that is usual in its trade and show it when asked.")


def odds(first: list[float], lengths: list[float] | None = None) -> Floats:
    """By the shipped model, for a label with these scores, while all other labels are far from being found."""
    scores = np.full((len(first), len(shipped().card.labels)), -1, dtype=np.float32)
    scores[:, 0] = first
    found = shipped().context.log_odds(scores, np.array(lengths or [LENGTH] * len(first), dtype=np.float32))
    return found[:, 0]


@pytest.mark.parametrize("paragraphs", [1, 2, 3, 40])
def test_every_score_has_all_features(paragraphs):
    scores = np.random.default_rng(paragraphs).normal(-0.7, 0.4, (paragraphs, 5)).astype(np.float32)

    found = [np.broadcast_to(each, scores.shape) for each in features(scores, np.ones(paragraphs, dtype=np.float32))]

    assert len(found) == FEATURES
    assert all(np.isfinite(each).all() and each.dtype == np.float32 for each in found)


def test_a_document_without_paragraphs_has_no_odds():
    nothing = np.zeros((0, 5), dtype=np.float32)
    context = Context(np.ones(FEATURES, dtype=np.float32), np.zeros(5, dtype=np.float32))

    assert context.log_odds(nothing, np.zeros(0, dtype=np.float32)).shape == (0, 5)


def test_a_score_is_worth_more_where_it_is_the_best_of_its_document():
    alone = odds([-0.9] * 9 + [-0.1] + [-0.9] * 10)
    among_better = odds([0.6] + [-0.9] * 8 + [-0.1] + [-0.9] * 9 + [0.6])

    assert alone[9] > among_better[9]


def test_a_clause_that_goes_on_in_the_next_paragraph_is_likelier():
    alone = odds([-0.9] * 10 + [-0.2] + [-0.9] * 9)
    cut = odds([-0.9] * 10 + [-0.2, -0.2] + [-0.9] * 8)

    assert cut[10] > alone[10]


def test_the_same_score_is_worth_more_in_a_longer_paragraph():
    short = odds([-0.9] * 9 + [-0.2] + [-0.9] * 10)
    long = odds([-0.9] * 9 + [-0.2] + [-0.9] * 10, [LENGTH] * 9 + [3 * LENGTH / 2] + [LENGTH] * 10)

    assert long[9] > short[9]


def test_of_equal_scores_the_first_ranks_first():
    scores = np.array([[0.1], [0.3], [0.1], [0.2]], dtype=np.float32).repeat(2, axis=1)

    ranks = np.expm1(list(features(scores, np.ones(4, dtype=np.float32)))[12])

    assert ranks[:, 0].round().tolist() == [2, 0, 3, 1]


def test_length_stops_where_reading_stops():
    assert length_of("word " * 300) == length_of("word " * 900)
    assert length_of("") == 0
