"""Any life of any jobs, on a real broker: whatever happens, no job is lost, and none is in two places.

Workers here take messages, die with them, stall past their lease, and settle what another has settled already.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.deliveries import Begun, Deliveries, Delivery, Ended
from buffrsign.broker.limits import ENDED_TTL, WAITING_TTL
from buffrsign.broker.schedule import Schedule
from buffrsign.jobs.email import SignatureRequestEmail
from tests.support.broker import KEY_SECRET, TestBroker, delete_everything
from tests.support.deliveries import give_back, pop, read
from tests.support.jobs import letter

HOUR = timedelta(hours=1)
QUEUE = SignatureRequestEmail.queue
ENDED = [state for state in State if state.is_final]
FEW = 3
"""Live jobs at a time: with few, one job meets many accidents."""


class Settling(Enum):
    """What a worker may say of a job."""

    FINISH = auto()
    BURY = auto()
    RETRY = auto()
    POSTPONE = auto()


@dataclass
class Expected:
    """What the record of one job must say, and which of its messages is the latest."""

    state: State
    retries: int = 0
    starts: int = 0
    failures: int = 0
    postponed: int = 0

    def end(self, state: State) -> None:
        """The first end stands."""
        self.state = self.state if self.state.is_final else state

    def is_put_back(self, delivery: Delivery) -> bool:
        """Whether this delivery, if it is put back, makes the next try."""
        retries = delivery.request["retries"]
        if self.state.is_final or retries < self.retries:
            return False
        self.state, self.retries = State.SCHEDULED, retries + 1
        return True


class LifeOfJobs(RuleBasedStateMachine):
    """A broker, and a plain model of it in a dictionary."""

    regretted = Bundle("regretted")
    running = Bundle("running")

    def __init__(self, broker: TestBroker) -> None:
        super().__init__()
        self.client: Redis = broker.client
        delete_everything(self.client)
        self.producer = Producer(broker.broker_url, key_secret=KEY_SECRET)
        self.deliveries, self.schedule = Deliveries(self.client), Schedule(self.client)
        self.expected: dict[str, Expected] = {}
        self.held: list[bytes] = []

    def teardown(self) -> None:
        self.producer.close()
        delete_everything(self.client)

    @precondition(lambda self: len(self.expected.keys() - self.ids_in(*ENDED)) < FEW)
    @rule(
        target=regretted,
        delay=st.sampled_from([None, HOUR]),
        number=st.integers(1, 100),
        will_be_regretted=st.sampled_from([False, False, True]),
    )
    def publish(self, delay: timedelta | None, number: int, will_be_regretted: bool) -> Any:
        job = letter(round=number)
        handle = self.producer.enqueue(job, delay=delay)
        assert handle.duplicate == (handle.job_id != job.job_id)
        if handle.duplicate:
            assert self.expected[handle.job_id].state is not State.CANCELLED
            return multiple()
        self.expected[job.job_id] = Expected(State.SCHEDULED if delay else State.READY)
        return job.job_id if will_be_regretted else multiple()

    @rule(job_id=consumes(regretted))
    def cancel(self, job_id: str) -> None:
        waits = self.expected[job_id].state in (State.SCHEDULED, State.READY)
        assert self.producer.cancel(job_id) == waits
        if waits:
            self.expected[job_id].state = State.CANCELLED

    @precondition(lambda self: self.ids_in(State.SCHEDULED))
    @rule()
    def time_passes(self) -> None:
        due = self.ids_in(State.SCHEDULED)
        for order, job_id in enumerate(job_id for job_id in self.expected if job_id in due):
            self.client.zadd(keys.SCHEDULE, {job_id: order}, xx=True)
        promotion = self.schedule.promote()
        assert (promotion.moved, promotion.gone, promotion.next_due) == (len(due), (), None)
        for job_id in due:
            self.expected[job_id].state = State.READY

    @precondition(lambda self: self.client.llen(QUEUE.value))
    @rule(target=running)
    def begin(self) -> Any:
        message = pop(self.client, QUEUE)
        assert message
        return self.begun(message)

    @rule(target=running, message=running)
    def its_lease_runs_out_and_another_worker_begins_it(self, message: bytes) -> Any:
        return self.begun(message)

    @rule(message=consumes(running))
    def its_worker_dies(self, message: bytes) -> None:
        self.held.remove(message)
        give_back(self.client, message, QUEUE)

    @rule(message=consumes(running), how=st.sampled_from(Settling), is_acknowledged=st.booleans())
    def settle(self, message: bytes, how: Settling, is_acknowledged: bool) -> None:
        delivery = read(message)
        job = self.expected[delivery.job_id]
        self.held.remove(message)
        if not is_acknowledged:  # its worker dies in between
            give_back(self.client, message, QUEUE)
        match how:
            case Settling.FINISH:
                self.deliveries.finish(delivery, outcome="sent", result={})
                job.end(State.DONE)
            case Settling.BURY:
                self.deliveries.bury(delivery, reason=Reason.PERMANENT, error="no such mailbox")
                job.end(State.DEAD)
            case Settling.RETRY:
                self.deliveries.retry(delivery, delay=HOUR, error="the mail server is away")
                job.failures += job.is_put_back(delivery)
            case Settling.POSTPONE:
                self.deliveries.postpone(delivery, delay=HOUR, reason="too early")
                job.postponed += job.is_put_back(delivery)

    def begun(self, message: bytes) -> Any:
        """What the rule that begins this message adds to those that run."""
        delivery = read(message)
        job = self.expected[delivery.job_id]
        answer = self.deliveries.begin(delivery)
        if job.state.is_final or delivery.request["retries"] < job.retries:
            assert answer == Ended(job.state, None)
            return multiple()
        job.starts, job.state = job.starts + 1, State.RUNNING
        crashes = job.starts - 1 - job.failures - job.postponed
        assert answer == Begun(attempt=job.starts - job.postponed, crashes=crashes)
        self.held.append(message)
        return message

    @invariant()
    def every_job_is_in_exactly_one_place(self) -> None:
        scheduled: Any = self.client.zrange(keys.SCHEDULE, 0, -1)
        dead: Any = self.client.zrange(keys.DEAD_LETTERS, 0, -1)
        assert {job_id.decode() for job_id in scheduled} == self.ids_in(State.SCHEDULED)
        assert {job_id.decode() for job_id in dead} == self.ids_in(State.DEAD)
        assert self.ids_in(State.READY, State.RUNNING) <= self.ids_of_live_messages()

    @invariant()
    def every_record_says_what_happened_and_lives_as_long_as_it_is_needed(self) -> None:
        with self.client.pipeline() as pipeline:
            for job_id in self.expected:
                pipeline.hgetall(keys.record(job_id))
                pipeline.ttl(keys.record(job_id))
            found = pipeline.execute()
        for job, record, ttl in zip(self.expected.values(), found[::2], found[1::2], strict=True):
            is_scheduled = job.state is State.SCHEDULED
            # A job cancelled in its queue is remembered for as long as its message may lie there.
            longest = ENDED_TTL if job.state in (State.DONE, State.DEAD) else WAITING_TTL
            assert record[b"state"].decode() == job.state
            assert (b"message" in record) == is_scheduled
            assert ttl == -1 if is_scheduled else 0 < ttl <= longest.total_seconds()

    def ids_in(self, *states: State) -> set[str]:
        return {job_id for job_id, job in self.expected.items() if job.state in states}

    def ids_of_live_messages(self) -> set[str]:
        """The jobs of the messages in the queue or in a worker's hands, but for those of tries that are over."""
        queued: Any = self.client.lrange(QUEUE.value, 0, -1)
        found = [read(message) for message in [*queued, *self.held]]
        return {each.job_id for each in found if each.request["retries"] >= self.expected[each.job_id].retries}


@pytest.mark.timeout(300)  # shrinking a failure takes its time
def test_no_job_is_lost_and_none_is_in_two_places_whatever_happens(broker: TestBroker) -> None:
    run_state_machine_as_test(
        lambda: LifeOfJobs(broker),  # type: ignore[arg-type]  # it calls it, a class or not
        settings=settings(
            max_examples=80,
            stateful_step_count=40,
            deadline=None,
            report_multiple_bugs=False,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
