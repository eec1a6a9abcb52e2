"""The deck of faults is dealt to its end, so a short run meets each fault, and one seed deals one order."""

import random

from tests.chaos.faults import DECK, FAULTS, deal


def test_the_deck_holds_every_fault():
    assert DECK.keys() == FAULTS.keys()


def test_one_deal_meets_each_fault_that_was_asked_for():
    dealt = deal(_dice(), {"kill", "pause"})

    assert sorted(dealt) == ["kill"] * DECK["kill"] + ["pause"] * DECK["pause"]


def test_the_same_seed_deals_the_same_order():
    assert deal(_dice(), set(DECK)) == deal(_dice(), set(DECK))


def _dice() -> random.Random:
    return random.Random(7)  # noqa: S311 - a repeatable deal
