"""A post office that is killed, at any step, loses no letter and sends none twice unless somebody allowed it."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, takewhile

import pytest

from buffrsign.core.clock import utc_now
from buffrsign.mail.record import DeliveryRecord
from buffrsign.mail.states import OnDoubt, State
from tests.support.database import migrated_database
from tests.support.office_to_kill import letter_numbered
from tests.support.smtp import ScriptedSmtp
from workers.processes import ROOT

Deliver = Callable[[int, int], str]
AT_LEAST = 120
"""How many steps there are at least; fewer, and the kills would not have been where we think they are."""

EVERY = pytest.mark.parametrize("every", [60, pytest.param(1, marks=pytest.mark.slow)], ids=["every 60th", "every"])
"""Which steps are tried: some in any run, and all of them in `make test-slow`."""


@contextmanager
def offices(url: str, port: int, policy: OnDoubt) -> Iterator[Deliver]:
    """Delivers a letter, by its number, in a process that is killed before a step; 0 lets it live."""
    command = [sys.executable, "-m", "tests.support.office_to_kill", url, str(port), policy.value]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def deliver(number: int, step: int) -> str:
            process.stdin.write(f"{number} {step}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield deliver


def received(server: ScriptedSmtp) -> Counter[int]:
    """How often each letter arrived whole."""
    return Counter(int(re.search(rb"^To: person-(\d+)@", each, re.MULTILINE)[1]) for each in server.messages)


def kill_at_steps(deliver: Deliver, record: DeliveryRecord, *, every: int) -> dict[int, State | None]:
    """Kill a delivery at its first step, another at a later one, and so on; what the record says of each then."""
    left = {}
    for step in count(1, every):
        answer = deliver(step, step)
        if answer != "killed":
            assert answer == "Accepted"
            assert step > AT_LEAST
            return left
        found = record.find(letter_numbered(step).job_id)
        left[step] = found and found.state
    raise AssertionError("unreachable")


@pytest.mark.timeout(600)
@EVERY
def test_whenever_a_post_office_is_killed_its_letter_is_sent_once_or_is_uncertain(tmp_path, every):
    with (
        migrated_database(tmp_path) as database,
        ScriptedSmtp() as server,
        offices(database.url, server.port, OnDoubt.HOLD) as deliver,
    ):
        record = DeliveryRecord(database, clock=utc_now)
        left = kill_at_steps(deliver, record, every=every)

        ends = {step: {deliver(step, 0) for _ in range(2)} for step in left}
    arrived = received(server)
    for step, state in left.items():
        match state:
            case None:
                assert ends[step] == {"Accepted", "AlreadyAccepted"}
                assert arrived[step] == 1
            case State.HANDING_OVER:
                assert ends[step] == {"Uncertain"}
                assert arrived[step] <= 1
            case _:
                assert (state, ends[step], arrived[step]) == (State.ACCEPTED, {"AlreadyAccepted"}, 1)
    assert set(left.values()) == {None, State.HANDING_OVER, State.ACCEPTED}
    assert {arrived[step] for step, state in left.items() if state is State.HANDING_OVER} == {0, 1}


@pytest.mark.timeout(600)
@EVERY
def test_a_kind_that_is_resent_once_always_arrives_and_twice_at_most(tmp_path, every):
    with (
        migrated_database(tmp_path) as database,
        ScriptedSmtp() as server,
        offices(database.url, server.port, OnDoubt.RESEND_ONCE) as deliver,
    ):
        left = kill_at_steps(deliver, DeliveryRecord(database, clock=utc_now), every=every)

        ends = {step: {deliver(step, 0) for _ in range(2)} for step in left}

    arrived = received(server)
    assert all(end <= {"Accepted", "AlreadyAccepted"} for end in ends.values())
    assert {arrived[step] for step in left} == {1, 2}
    assert all(arrived[step] == 1 for step, state in left.items() if state is not State.HANDING_OVER)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("policy", [OnDoubt.HOLD, pytest.param(OnDoubt.RESEND_ONCE, marks=pytest.mark.slow)])
def test_a_letter_whose_every_hand_over_is_killed_is_held_in_the_end(tmp_path, policy):
    with (
        migrated_database(tmp_path) as database,
        ScriptedSmtp() as server,
        offices(database.url, server.port, policy) as deliver,
    ):
        record = DeliveryRecord(database, clock=utc_now)
        step = next(step for step in count(1, 9) if _is_left_open(deliver, record, step))

        answers = (deliver(step, step + extra) for extra in range(200))
        assert "Uncertain" in takewhile(lambda answer: answer != "Accepted", answers)

        assert record.find(letter_numbered(step).job_id).doubts == (1 if policy is OnDoubt.HOLD else 2)
    assert received(server)[step] <= (1 if policy is OnDoubt.HOLD else 2)


def _is_left_open(deliver: Deliver, record: DeliveryRecord, step: int) -> bool:
    deliver(step, step)
    found = record.find(letter_numbered(step).job_id)
    return found is not None and found.state is State.HANDING_OVER
