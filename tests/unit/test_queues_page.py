"""docs/queues.md says of every kind where it waits and how often it is tried."""

import re

import pytest

from buffrsign.jobs import Queue
from config.celery import HARD_LIMIT_GRACE, SOFT_LIMITS
from tasks import audit, canary, compliance, documents, email, maintenance, requests
from tests.support.jobs import OUR_CONTRACTS
from workers.processes import ROOT

FAMILIES = [audit, canary, compliance, documents, email, maintenance, requests]
ROWS = dict(re.findall(r"^\| `(\w+)` \|(.*)$", (ROOT / "docs" / "queues.md").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("queue", list(Queue))
def test_the_row_of_a_queue_names_its_kinds_its_limits_and_its_attempts(queue):
    kinds = {kind for kind, contract in OUR_CONTRACTS.items() if contract.queue is queue}
    soft, hard = SOFT_LIMITS[queue], SOFT_LIMITS[queue] + HARD_LIMIT_GRACE

    assert kinds
    assert set(re.findall(r"`(\w+\.\w+)`", ROWS[queue])) == kinds
    assert f"| {soft.seconds} / {hard.seconds} s |" in ROWS[queue]
    for kind in kinds - {"maintenance.canary"}:
        assert re.search(rf"\| {attempts_of(kind)}\b", ROWS[queue]), kind


def attempts_of(kind: str) -> int:
    """How often the task of a kind is tried."""
    tasks = [value for family in FAMILIES for value in vars(family).values() if getattr(value, "name", None) == kind]
    return int(tasks[0].attempts)
