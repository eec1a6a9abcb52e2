import shutil
import tracemalloc

import numpy as np
import pytest

from buffrsign.documents.analysis import model
from buffrsign.documents.analysis.context import length_of
from buffrsign.documents.analysis.features import BUCKETS, Rows, counted, weighted
from buffrsign.documents.analysis.model import ModelDamaged, shipped

TEXTS = ["This Agreement is governed by the laws of Namibia.", "", "Neither party may assign it in 2026."]


def row(rows: Rows, place: int) -> dict[int, float]:
    """A row as a mapping from bucket to value."""
    part = slice(rows.starts[place], rows.starts[place + 1])
    return dict(zip(rows.buckets[part].tolist(), rows.values[part].tolist(), strict=True))


def test_words_pairs_and_triples_are_counted_each_in_its_bucket():
    rows = counted(["pay the price pay the price"])

    values = sorted(row(rows, 0).values())
    assert len(rows) == 1
    assert values == [1, 1, 1, 2, 2, 2, 2, 2, 2]


def test_one_year_is_like_another_and_capitals_do_not_count():
    assert row(counted(["Until MAY 2026"]), 0) == row(counted(["until may 1999"]), 0)


def test_the_words_beside_a_paragraph_are_not_its_own():
    alone, beside = counted(["pay the price"]), counted(["Payment", "pay the price", "and more"])

    assert row(alone, 0).items() <= row(beside, 1).items()
    assert len(row(beside, 1)) == len(row(alone, 0)) + 3


def test_rows_are_of_length_one_and_empty_ones_of_none():
    rows = weighted(counted(["pay the price", "x" * 3]), np.ones(BUCKETS, dtype=np.float32))
    nothing = weighted(counted([""]), np.ones(BUCKETS, dtype=np.float32))

    assert [round(sum(value**2 for value in row(rows, place).values()), 4) for place in range(2)] == [1.0, 1.0]
    assert len(nothing.values) == 0


def test_no_paragraphs_have_no_rows():
    assert len(counted([])) == 0
    assert shipped().scores([]).shape == (0, len(shipped().card.labels))


def test_a_score_is_the_product_with_the_weights():
    known = shipped()
    rows = weighted(counted(TEXTS * 30), known.rarity)
    dense = np.zeros((3, BUCKETS), dtype=np.float32)
    for place in range(3):
        for bucket, value in row(rows, place).items():
            dense[place, bucket] = value

    expected = dense @ known.weights.astype(np.float32) * known.step + known.bias

    assert np.allclose(known.scores_of(rows)[:3], expected, atol=1e-4)


def test_the_words_scores_are_seen_in_their_context():
    known = shipped()
    lengths = np.array([length_of(text) for text in TEXTS], dtype=np.float32)

    assert np.allclose(known.scores(TEXTS), known.context.log_odds(known.word_scores(TEXTS), lengths))


def test_a_paragraph_is_scored_as_a_whole_and_by_its_best_part():
    known = shipped()
    clause = "This Agreement shall be governed by the laws of the Republic of Namibia."
    other = "The Supplier shall deliver the goods within thirty days of each order."
    whole = known.scores_of(weighted(counted([f"{other} {clause}"]), known.rarity))
    parts = known.scores_of(weighted(counted([other, clause]), known.rarity))

    scores = known.word_scores([f"{other} {clause}"])

    assert np.allclose(scores, (whole + parts.max(axis=0)) / 2, atol=1e-5)
    assert scores[0, known.card.labels.index("Governing Law")] > whole[0, known.card.labels.index("Governing Law")]


def test_a_higher_score_is_likelier_and_a_threshold_never_certain():
    known = shipped()
    at, above = (known.probabilities(known.thresholds + more) for more in (0, 0.5))

    assert (at < above).all()
    assert ((at > 0) & (at < 1)).all()


def test_the_model_is_small_and_is_what_its_card_says():
    assert sum(file.stat().st_size for file in model.FOLDER.iterdir()) < 20_000_000
    assert len(shipped().card.labels) == 37
    assert "CC BY 4.0" in shipped().card.trained_on


@pytest.mark.parametrize("file", [model.WEIGHTS, model.REST])
def test_a_model_whose_bytes_changed_is_refused(file, tmp_path):
    shutil.copytree(model.FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / file).write_bytes(b"something else")

    with pytest.raises(ModelDamaged):
        model.read(tmp_path)


def test_reading_the_model_takes_little_memory_and_its_weights_none():
    tracemalloc.start()
    try:
        known = model.read(model.FOLDER)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 8 * 2**20 < known.weights.nbytes
    assert not known.weights.flags.writeable
