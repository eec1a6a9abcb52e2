import heapq
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest

from buffrsign.core.sql import Database
from buffrsign.mail.delivery import Mailer, Rates, RateSpent, SmtpServer
from buffrsign.mail.delivery.rates import URGENT_SHARE
from tests.support.clock import NOON, StoppedClock
from tests.support.smtp import ScriptedSmtp, a_message

FIFTY_A_SECOND = SmtpServer("mx.example", 25, name="ses", per_second=50)
BULK_PER_SECOND = 50 * (1 - URGENT_SHARE)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def rates(database: Database, clock: StoppedClock) -> Rates:
    return Rates(database, clock=clock)


def wait_of(rates: Rates, letter: str, *, urgent: bool = False, server: SmtpServer = FIFTY_A_SECOND) -> timedelta:
    """How long the letter must wait; nothing where it goes now."""
    try:
        rates.spend(server, letter=letter, urgent=urgent)
    except RateSpent as early:
        return early.delay
    return timedelta()


SOON = timedelta(milliseconds=100)

Due = tuple[timedelta, str, bool]
"""How long after noon a letter comes, its name, and whether it is urgent."""


class Fleet:
    """Threads that send letters at their times, on a clock that jumps to the next one: the schedule in small."""

    def __init__(self, rates: Rates, clock: StoppedClock) -> None:
        self._rates, self._clock = rates, clock
        self._lock = threading.Condition()
        self._due: list[Due] = []
        self._in_hand: list[timedelta] = []
        self.sent: dict[str, timedelta] = {}
        self.told: dict[str, list[timedelta]] = {}
        self.failures: list[BaseException] = []

    def run(self, letters: list[Due], *, threads: int) -> None:
        """Until all are sent, or a thread has failed."""
        self._due = list(letters)
        heapq.heapify(self._due)
        workers = [threading.Thread(target=self._work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert self.failures == []

    def times_s(self) -> list[float]:
        """When letters went, in seconds after noon, in order."""
        return sorted(time.total_seconds() for time in self.sent.values())

    def _work(self) -> None:
        try:
            while (taken := self._take()) is not None:
                try:
                    self._send(*taken)
                finally:
                    self._put_down(taken)
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            self.failures.append(error)

    def _take(self) -> Due | None:
        with self._lock:
            self._lock.wait_for(lambda: not self._in_hand or not self._due or self._due[0][0] <= self._latest())
            if not self._due:
                return None
            due = heapq.heappop(self._due)
            self._in_hand.append(due[0])
            self._clock.now = max(self._clock.now, NOON + due[0])
            return due

    def _latest(self) -> timedelta:
        """How far the clock may jump: a letter in hand is sent soon, however late its thread is."""
        return min(self._in_hand) + SOON

    def _put_down(self, taken: Due) -> None:
        with self._lock:
            self._in_hand.remove(taken[0])
            self._lock.notify_all()

    def _send(self, _due: timedelta, letter: str, urgent: bool) -> None:
        with self._lock:  # the clock stands still while one asks, as it does for one transaction
            now = self._clock.now - NOON
            wait = wait_of(self._rates, letter, urgent=urgent)
            if wait:
                self.told.setdefault(letter, []).append(now + wait)
                heapq.heappush(self._due, (now + wait, letter, urgent))
            else:
                self.sent[letter] = now


def test_five_hundred_letters_at_once_all_go_at_their_rate_and_each_waits_but_once(rates, clock):
    fleet = Fleet(rates, clock)

    fleet.run([(timedelta(), f"letter-{number}", False) for number in range(500)], threads=6)

    assert len(fleet.sent) == 500
    times = fleet.times_s()
    assert all(time >= number / BULK_PER_SECOND - 0.001 for number, time in enumerate(times))
    assert times[-1] == pytest.approx(499 / BULK_PER_SECOND, abs=0.05)
    assert all(len(told) == 1 for told in fleet.told.values())


def test_no_letter_goes_before_the_time_it_was_told(rates, clock):
    fleet = Fleet(rates, clock)

    fleet.run(
        [(timedelta(milliseconds=number), f"letter-{number}", number % 5 == 0) for number in range(200)], threads=4
    )

    assert len(fleet.sent) == 200
    assert all(fleet.sent[letter] >= told[-1] for letter, told in fleet.told.items())


def test_an_urgent_letter_does_not_wait_behind_a_bulk_send(rates, clock):
    for number in range(200):
        wait_of(rates, f"bulk-{number}")

    assert wait_of(rates, "code-1", urgent=True) == timedelta()
    assert wait_of(rates, "code-2", urgent=True) <= timedelta(seconds=1 / (50 * URGENT_SHARE))


def test_urgent_letters_have_the_whole_rate_where_nothing_else_is_sent(rates, clock):
    waits = [wait_of(rates, f"code-{number}", urgent=True) for number in range(100)]

    assert max(waits) <= timedelta(seconds=100 / 50)


def test_both_lanes_together_never_exceed_the_rate(rates, clock):
    fleet = Fleet(rates, clock)

    fleet.run([(timedelta(), f"letter-{number}", number % 2 == 0) for number in range(200)], threads=4)

    times = fleet.times_s()
    assert all(time >= (number - 1) / 50 - 0.02 for number, time in enumerate(times))


def test_a_letter_that_comes_back_early_is_told_the_rest_of_its_wait(rates, clock):
    wait_of(rates, "first")
    whole = wait_of(rates, "second")
    clock.advance(whole / 2)

    rest = wait_of(rates, "second")

    assert abs(rest - whole / 2) <= timedelta(milliseconds=1)


def test_letters_that_come_back_long_after_their_slots_do_not_go_all_at_once(rates, clock):
    letters = [f"letter-{number}" for number in range(150)]
    for letter in letters:
        wait_of(rates, letter)
    clock.advance(timedelta(hours=1))

    at_once = [letter for letter in letters if not wait_of(rates, letter)]

    assert 0.4 * BULK_PER_SECOND <= len(at_once) <= 0.6 * BULK_PER_SECOND


def test_letters_that_come_back_late_are_spread_anew_and_all_go(rates, clock):
    letters = [f"letter-{number}" for number in range(150)]
    for letter in letters:
        wait_of(rates, letter)
    fleet = Fleet(rates, clock)

    fleet.run([(timedelta(hours=1), letter, False) for letter in letters], threads=4)

    assert set(fleet.sent) == set(letters)
    assert fleet.times_s()[-1] <= 3600 + 150 / BULK_PER_SECOND + 0.1
    assert all(len(told) == 1 for told in fleet.told.values())


def test_a_deferred_letter_that_is_tried_again_takes_a_new_slot(rates, clock):
    assert wait_of(rates, "letter") == timedelta()

    assert wait_of(rates, "letter") > timedelta()


def test_each_provider_has_a_rate_of_its_own(rates, clock):
    other = SmtpServer("mx2.example", 25, name="other", per_second=1)
    for number in range(60):
        wait_of(rates, f"letter-{number}")

    assert wait_of(rates, "letter", server=other) == timedelta()


def test_a_provider_without_a_rate_costs_no_transaction(clock, tmp_path):
    never_migrated = Database(f"sqlite:///{tmp_path / 'none.db'}")

    assert wait_of(Rates(never_migrated, clock=clock), "letter", server=SmtpServer("mx.example", 25)) == timedelta()

    assert list(tmp_path.iterdir()) == []
    never_migrated.close()


def test_a_letter_over_the_rate_is_not_said_to_the_server_and_goes_at_its_time(rates, clock):
    with (
        ScriptedSmtp() as server,
        Mailer(server.as_server(per_second=2), ehlo_name="worker.example", rates=rates) as mailer,
    ):

        def send(letter: str) -> None:
            with mailer.address(sender="us@example.com", recipient="anna@example.com", letter=letter) as envelope:
                envelope.send(a_message())

        send("first")
        with pytest.raises(RateSpent) as early:
            send("second")
        assert len(server.messages) == 1
        clock.advance(early.value.delay)
        send("second")

        assert len(server.messages) == 2


def test_letters_that_ask_at_the_same_instant_all_get_slots_of_their_own(rates, clock):
    with ThreadPoolExecutor(8) as threads:
        waits = sorted(threads.map(lambda number: wait_of(rates, f"letter-{number}"), range(40)))

    assert waits[0] == timedelta()
    gaps = [later - sooner for sooner, later in pairwise(waits)]
    assert all(abs(gap - timedelta(seconds=1 / BULK_PER_SECOND)) <= timedelta(milliseconds=1) for gap in gaps)
