"""The chaos run's orders: every shape comes up, each fits its contract, and one seed places the same orders."""

import random

import pytest

from buffrsign.jobs import decode, encode
from tests.chaos.workload import BULK, LONGEST_RUN_S, MIXED, KeyedEffect, Order, Shape, order, the_same_again


def orders(seed: int = 7, *, mix: dict[Shape, int] = MIXED) -> list[Order]:
    dice = random.Random(seed)  # noqa: S311 - repeatable orders
    return [order(dice, mix) for _ in range(3000)]


@pytest.mark.parametrize("mix", [MIXED, BULK], ids=["mixed", "bulk"])
def test_every_shape_has_its_part(mix: dict[Shape, int]):
    assert mix.keys() == set(Shape)
    assert all(mix.values())


def test_three_thousand_orders_have_every_shape_and_fit_their_contracts():
    placed = orders()

    assert {each.shape for each in placed} == set(Shape)
    for each in placed:
        assert decode(each.job.kind, encode(each.job), job_id=each.job.job_id) == each.job
        assert each.job.run_ms <= LONGEST_RUN_S * 1000


def test_the_same_seed_places_the_same_orders():
    def shapes(placed: list[Order]) -> list[object]:
        return [(each.shape, each.delay, each.cancel_after_s, each.job.failures) for each in placed]

    assert shapes(orders(3)) == shapes(orders(3))
    assert shapes(orders(3)) != shapes(orders(4))


def test_the_same_effect_is_asked_for_under_another_id():
    job = KeyedEffect(subject="s", run_ms=1)

    again = the_same_again(job)

    assert again.job_id != job.job_id
    assert again.key == job.key
