import re
from random import Random

import pytest

from evaluation.fuzz.__main__ import damaged, main
from evaluation.fuzz.mutations import MUTATIONS, lie_about_lengths, make_numbers_huge, mutated, swap_objects, truncate
from tests.support import pdfs

PLAIN, OTHER = pdfs.plain(), pdfs.rotated()


def dice(seed: int = 7) -> Random:
    return Random(seed)  # noqa: S311 - they must fall the same way again


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_each_way_changes_a_file_and_the_same_dice_change_it_in_the_same_way(mutate):
    changed = mutate(PLAIN, OTHER, dice())

    assert changed
    assert changed != PLAIN
    assert mutate(PLAIN, OTHER, dice()) == changed


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_each_way_bears_a_file_of_a_byte(mutate):
    for number in range(20):
        assert mutate(b"%", b"%", dice(number))


def test_objects_are_swapped_numbers_grow_and_lengths_lie():
    references = set(re.findall(rb"\d+ 0 R", PLAIN))

    assert set(re.findall(rb"\d+ 0 R", swap_objects(PLAIN, OTHER, dice()))) <= references
    assert len(make_numbers_huge(PLAIN, OTHER, dice())) != len(PLAIN)
    assert lie_about_lengths(PLAIN, OTHER, dice()).count(b"/Length") == PLAIN.count(b"/Length")
    assert PLAIN.startswith(truncate(PLAIN, OTHER, dice()))


def test_a_file_is_damaged_in_more_than_one_way():
    assert len({mutated(PLAIN, OTHER, dice(number)) for number in range(30)}) > 25


def test_the_same_seed_makes_the_same_folder_from_every_source(tmp_path):
    sources = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for source, data in zip(sources, (PLAIN, OTHER), strict=True):
        source.write_bytes(data)

    first, again, another = (dict(damaged(sources, files=6, seed=seed)) for seed in (1, 1, 2))

    assert first == again
    assert first.keys() == another.keys() == {f"{number:05}.pdf" for number in range(6)}
    assert first != another


def test_a_folder_without_pdfs_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="holds no PDF"):
        main([str(tmp_path), str(tmp_path / "out")])
