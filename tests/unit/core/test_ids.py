import re

import pytest

from buffrsign.core.ids import is_ulid, new_ulid, ulid_of


def test_the_text_of_a_ulid_is_crockford_base_32_of_its_bits():
    assert ulid_of(0, 0) == "0" * 26
    assert ulid_of(2**48 - 1, 2**80 - 1) == "7" + "Z" * 25
    assert ulid_of(1469918176385, 0)[:10] == "01ARYZ6S41"  # the example of github.com/ulid/spec


def test_ulids_sort_by_their_time():
    texts = [ulid_of(ms, 2**80 - ms) for ms in (1, 2, 31, 32, 10**12)]

    assert texts == sorted(texts)


def test_fresh_ulids_are_ulids_and_differ():
    fresh = {new_ulid() for _ in range(1000)}

    assert len(fresh) == 1000
    assert all(map(is_ulid, fresh))


@pytest.mark.parametrize(
    "text",
    ["", "0" * 25, "0" * 27, "8" + "0" * 25, "I" + "0" * 25, "0" * 26 + "\n", "01aryz6s410000000000000000"],
)
def test_what_is_no_ulid_is_not_taken_for_one(text):
    assert not is_ulid(text)


def test_the_contracts_and_the_check_agree_on_what_a_ulid_is():
    from buffrsign.jobs.fields import JobId

    pattern = JobId.__metadata__[0].pattern

    assert all(bool(re.search(pattern, text)) == is_ulid(text) for text in (new_ulid(), "8" + "0" * 25, "0" * 26))
