"""How the figures of the analysis come about: entities against labels, thresholds, and F1 by fold."""

import msgspec
import numpy as np
import pytest

from buffrsign.documents import Reason, Unreadable
from buffrsign.documents.analysis import analysis_of
from buffrsign.documents.analysis.context import FEATURES, Context
from evaluation.analysis.crossing import judged
from evaluation.analysis.deciding import Scored, thresholds
from evaluation.analysis.entities import (
    HALVES,
    Labelled,
    LabelledAmount,
    LabelledDate,
    Score,
    compare,
    digest,
    labels_of,
)
from evaluation.analysis.learning import ALL_FOLDS, beside
from tests.support.agreements import SUPPLY

LABEL = Labelled(
    sha256="ab" * 32,
    pages=2,
    parties=(
        (digest("Erongo Salt Works"), digest("ERONGO SALT WORKS (PTY) LTD")),
        (digest("Kalahari Foods CC"),),
        (digest("Oryx Bank"),),
    ),
    dates=(LabelledDate("2026-03-01", 1, "effective"), LabelledDate("2026-03-01", 2, "signed")),
    amounts=(LabelledAmount("NAD", "1250.00", 1), LabelledAmount("USD", "100000.00", 1)),
)


def test_each_kind_is_compared_in_its_own_way():
    found = compare(LABEL, analysis_of(SUPPLY, pages=2))

    assert found == {
        "parties": Score(hits=2, wrong=0, missed=1),
        "dates": Score(hits=1, wrong=1, missed=0),
        "dates_by_page": Score(hits=2, wrong=1, missed=0),
        "amounts": Score(hits=1, wrong=3, missed=1),
    }


def test_in_what_cannot_be_read_nothing_is_found():
    found = compare(LABEL, Unreadable.because(Reason.DAMAGED))

    assert found["parties"] == Score(hits=0, wrong=0, missed=3)
    assert found["dates_by_page"] == Score(hits=0, wrong=0, missed=2)


def test_a_score_is_precision_recall_and_f1():
    score = Score(hits=3, wrong=1, missed=3) + Score(hits=1, wrong=0, missed=1)

    assert (score.precision, score.recall) == (0.8, 0.5)
    assert score.f1 == pytest.approx(2 * 0.8 * 0.5 / 1.3)
    assert (Score().precision, Score().recall, Score().f1) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("half", HALVES)
def test_fifteen_documents_of_each_half_are_labelled(half):
    assert len(list(labels_of(half))) == 15


def test_the_halves_share_no_document():
    open_, sealed = ({label.sha256 for label in labels_of(half)} for half in HALVES)

    assert open_.isdisjoint(sealed)


def test_a_frequent_label_gets_its_own_threshold_and_a_rare_one_nearly_the_common_one():
    probabilities = np.array([[0.9, 0.2], [0.8, 0.1], [0.2, 0.1]] * 200, dtype=np.float32)
    labels = np.array([[1, 0], [1, 0], [0, 0]] * 200, dtype=np.int8)
    labels[0, 1] = 1

    frequent, rare = thresholds(probabilities, labels)

    assert 0.2 < frequent < 0.8
    assert abs(rare - frequent) < 0.05


def test_each_contract_is_a_context_of_its_own():
    context = Context(np.ones(FEATURES, dtype=np.float32), np.zeros(3, dtype=np.float32))
    scores = np.random.default_rng(7).normal(-0.5, 0.4, (30, 3)).astype(np.float32)
    lengths, labels = np.ones(30, dtype=np.float32), np.zeros((30, 3), dtype=np.int8)

    both = Scored(scores, labels, lengths, edges=np.array([0, 12, 30])).log_odds(context)

    assert np.array_equal(both[:12], context.log_odds(scores[:12], lengths[:12]))
    assert np.array_equal(both[12:], context.log_odds(scores[12:], lengths[12:]))


def test_the_folds_beside_one_are_reached_by_five_pairs():
    pairs = {frozenset({held_out, fold}) for held_out in ALL_FOLDS for fold in beside(held_out)}

    assert len(pairs) == 5
    assert all(held_out not in beside(held_out) for held_out in ALL_FOLDS)


def test_f1_counts_each_label_by_itself_and_all_together():
    found = np.array([[True, False], [True, True], [False, False]])
    true = np.array([[True, False], [False, True], [True, True]])

    counted = judged(found, true)

    assert counted.f1.tolist() == [0.5, pytest.approx(2 / 3)]
    assert counted.micro == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))


def test_a_label_file_holds_no_words_of_its_document():
    kept = {field.name for field in msgspec.structs.fields(Labelled)}

    assert kept == {"sha256", "pages", "parties", "dates", "amounts"}
    assert all(len(spelling) == 64 for label in labels_of("open") for party in label.parties for spelling in party)
