"""What loses or repeats jobs in a stock worker on Redis, played on the scripts themselves: here nothing is lost."""

import json
import threading

import pytest
from redis.exceptions import OutOfMemoryError

from buffrsign import State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.broker.deliveries import Begun, Deliveries, Delivery, Ended, Lost
from buffrsign.broker.limits import MAX_CRASHES
from buffrsign.broker.records import read_status
from tests.model.engine import CLOCK, Engine
from tests.support.wait import wait_until

LEASE_MS = 30_000
QUEUE = "email"
NOW = 2_000_000_000_000


class Hands:
    """One holder, by hand, on a clock that the test moves."""

    def __init__(self, call, name):
        self.call, self.name, self.number = call, name, 1

    def reserve(self, credit=1, settled=()):
        """What was taken: [(lease, message)], and whether it must run alone."""
        pairs = [part for pair in settled for part in pair]
        reply = self.call("reserve", self.name, LEASE_MS, credit, self.number, len(settled), *pairs, QUEUE)
        self.number += credit
        return [(lease.decode(), message) for lease, message in zip(reply[3::3], reply[5::3], strict=True)], reply[1]

    def begin(self, lease, message):
        return self.call("begin", job_of(message), "model.job", QUEUE, lease, self.name, 0, "")[0].decode()

    def finish(self, lease, message):
        return self.call("finish", job_of(message), "model.job", QUEUE, lease, "done", "{}")

    def renew(self, *leases):
        return self.call("renew", self.name, LEASE_MS, self.number, *leases)


def job_of(message):
    return json.loads(message)["headers"]["id"]


@pytest.fixture
def call(client):
    client.set(CLOCK, NOW)
    yield Engine(client)
    client.delete(CLOCK)


@pytest.fixture
def one(call):
    return Hands(call, "a" * 16)


@pytest.fixture
def other(call):
    return Hands(call, "b" * 16)


def publish(call, job_id, delay=0):
    message = json.dumps({"headers": {"id": job_id, "task": "model.job", "retries": 0}, "body": ""})
    arguments = [job_id, "model.job", QUEUE, message, delay, "", "", "print", "0", 1000, *[""] * 6, QUEUE, "", "", ""]
    return call("publish", *arguments)[0]


def state(client, job_id):
    return read_status(client, job_id).state


def pass_time(client, call, *living, leases=(), by=LEASE_MS):
    """Time passes, while these holders live and somebody looks."""
    for _ in range(3):
        client.incrby(CLOCK, by // 3)
        for hands in living:
            hands.renew(*leases)
        call("promote", 100, LEASE_MS)


def test_a_job_whose_reserve_was_never_answered_is_back_with_the_next_heartbeat(client, call, one, other):
    """3.1 and 3.2: between the pop and the worker's own note of it, stock Celery has the job nowhere."""
    publish(call, "job")
    one.reserve()  # its connection broke: the answer was never read

    assert client.llen(QUEUE) == 0
    one.renew()

    [(lease, message)], _ = other.reserve()
    assert other.begin(lease, message) == "begun"


def test_a_job_of_a_worker_that_was_killed_after_the_reserve_goes_to_another(client, call, one, other):
    """3.1: 32 of 40 kills lose a message there."""
    publish(call, "job")
    one.reserve()

    pass_time(client, call, other)

    [(lease, message)], alone = other.reserve()
    assert (alone, other.begin(lease, message)) == (b"0", "begun")
    assert read_status(client, "job").crashes == 0


def test_a_worker_that_stops_gives_back_what_it_took_in_the_order_in_which_it_came(call, one, other):
    """3.3: a worker that is stopped keeps no job in a socket that nobody reads."""
    for job_id in ("first", "second", "third"):
        publish(call, job_id)
    one.reserve(credit=3)

    call("leave", one.name)

    taken, _ = other.reserve(credit=3)
    assert [job_of(message) for _, message in taken] == ["first", "second", "third"]


def test_a_late_acknowledgement_does_not_take_the_job_from_who_has_it_now(client, call, one, other):
    """3.4: a repeated delivery has another lease, so the first worker's word does not count for the second."""
    publish(call, "job")
    [(first, message)], _ = one.reserve()
    one.begin(first, message)
    pass_time(client, call, other)
    [(second, _)], _ = other.reserve()
    other.begin(second, message)

    call("settle", 1, first, "job")

    assert client.hexists(keys.holder(other.name), second)
    assert state(client, "job") is State.RUNNING
    assert other.finish(second, message) == 1


def test_a_job_that_runs_longer_than_its_lease_is_not_delivered_again_while_its_worker_lives(client, call, one, other):
    """3.4: a visibility timeout repeats every long task; a heartbeat does not."""
    publish(call, "job")
    [(lease, message)], _ = one.reserve()
    one.begin(lease, message)

    for _ in range(100):
        pass_time(client, call, one, other, leases=[lease])

    assert other.reserve() == ([], b"0")
    assert one.finish(lease, message) == 1


def test_all_jobs_of_a_dead_worker_are_back_in_two_calls(client, call, one, other):
    """3.5: taking back does not watch what others write, and so cannot livelock."""
    for number in range(150):
        publish(call, f"job{number}")
    one.reserve(credit=150)

    pass_time(client, call, other)
    call("promote", 100, LEASE_MS)

    assert client.llen(QUEUE) == 150
    assert not client.exists(keys.holder(one.name))


def test_nobody_loses_a_lease_while_the_broker_was_away(client, call, one, other):
    """3.7: after a restart all holders are late, and none of them could help it."""
    publish(call, "job")
    [(lease, message)], _ = one.reserve()
    one.begin(lease, message)

    client.incrby(CLOCK, 10 * LEASE_MS)
    call("promote", 100, LEASE_MS)

    assert one.renew(lease)[0] == 1
    assert other.reserve() == ([], b"0")


def test_a_full_broker_gives_out_jobs_renews_leases_and_lets_jobs_end(own_broker):
    """3.9: a full Redis refuses new jobs whole, and everything that empties it works."""
    client = own_broker.client
    client.set(CLOCK, NOW)
    call = Engine(client)
    one = Hands(call, "a" * 16)
    for job_id in ("one", "two", "three", "four"):
        publish(call, job_id)
    client.config_set("maxmemory", 1)

    with pytest.raises(OutOfMemoryError):
        publish(call, "five")
    taken, _ = one.reserve(credit=4)
    for lease, message in taken:
        assert one.begin(lease, message) == "begun"
    assert one.renew(*[lease for lease, _ in taken])[0] == 1
    (done, done_message), (late, late_message), (bad, bad_message), (back, _) = taken
    assert one.finish(done, done_message) == 1
    next_try = late_message.decode().replace('"retries": 0', '"retries": 1')
    due = call("postpone", job_of(late_message), "model.job", QUEUE, late, next_try, 1000, "retrying", "away", 0)
    call("bury", job_of(bad_message), "model.job", QUEUE, bad, Reason.PERMANENT.value, "no", "worker", "")
    call("settle", 0, back)

    client.config_set("maxmemory", 0)
    assert due == NOW + 1000
    states = {each: state(client, each) for each in ("one", "two", "three", "four")}
    ready, retrying = State.READY, State.RETRYING
    assert states == {"one": State.DONE, "two": retrying, "three": State.DEAD, "four": ready}
    assert read_status(client, "five") is None
    client.delete(CLOCK)


def test_a_job_whose_child_was_killed_is_tried_again_and_buried_the_third_time(client, call, one):
    """3.12 and 3.23: neither dropped at the first kill, nor given to child after child for ever."""
    publish(call, "job")
    answers = []

    for _ in range(MAX_CRASHES):
        [(lease, message)], _ = one.reserve()
        one.begin(lease, message)
        answers.append(call("crashed", lease, "its process was killed").decode())

    assert answers == ["suspect", "suspect", "dead"]
    letter = DeadLetters(client).find("job")
    assert (letter.reason, letter.attempts, letter.message) == (Reason.KILLER, MAX_CRASHES, message)


def test_a_suspect_stays_one_when_it_is_given_back(client, call, one, other):
    """3.23: whoever takes it next still runs nothing beside it."""
    publish(call, "killer")
    [(lease, message)], _ = one.reserve()
    one.begin(lease, message)
    call("crashed", lease, "its process was killed")
    one.reserve()
    call("leave", one.name)
    publish(call, "innocent")

    taken, alone = other.reserve(credit=2)

    assert ([job_of(each) for _, each in taken], alone) == (["killer"], b"1")


def test_a_suspect_stays_one_when_it_waits_for_a_worker_that_knows_its_task(client, call, one, other):
    """3.23: a suspect that was put into the schedule as it came has not shown yet that it is innocent."""
    publish(call, "killer")
    [(lease, message)], _ = one.reserve()
    one.begin(lease, message)
    call("crashed", lease, "its process was killed")
    [(lease, message)], _ = one.reserve()
    call("defer", "killer", "model.job", QUEUE, lease, "", "", 1000, "no worker here knows its task", QUEUE)
    publish(call, "innocent")
    client.incrby(CLOCK, 1000)

    taken, alone = other.reserve(credit=2)

    assert ([job_of(each) for _, each in taken], alone) == (["killer"], b"1")


def test_a_copy_of_a_message_does_not_take_the_place_of_the_next_try(client, call, one, other):
    """3.14: a worker that does not know the task of a try that is over must not put it where the next try waits."""
    publish(call, "job")
    [(lease, message)], _ = one.reserve()
    one.begin(lease, message)
    next_try = message.decode().replace('"retries": 0', '"retries": 1')
    call("put", "job", "model.job", QUEUE, QUEUE, next_try, NOW + 10 * LEASE_MS, "0", 1)
    pass_time(client, call, other)  # its worker died before it could acknowledge the first try
    [(copy, _)], _ = other.reserve()

    call("defer", "job", "model.job", QUEUE, copy, "", "", 1000, "no worker here knows its task", QUEUE)

    assert state(client, "job") is State.RETRYING
    assert client.hget(keys.record("job"), "message") == next_try.encode()


def test_a_retry_that_celery_publishes_late_does_not_revive_a_job_that_has_ended(client, call, one, other):
    """3.8: a worker that lost its lease publishes its retry after another has finished the job."""
    publish(call, "job")
    [(first, message)], _ = one.reserve()
    one.begin(first, message)
    pass_time(client, call, other)
    [(second, _)], _ = other.reserve()
    other.begin(second, message)
    other.finish(second, message)

    accepted = call("put", "job", "model.job", QUEUE, QUEUE, message, "", "0", 1)

    assert (accepted, state(client, "job"), client.llen(QUEUE)) == (0, State.DONE, 0)


def test_a_job_is_given_back_where_nobody_declared_any_binding(client, call, one, other):
    """3.13: no table of bindings is asked, so none can be missing."""
    client.lpush(QUEUE, json.dumps({"headers": {"id": "job", "task": "model.job", "retries": 0}, "body": ""}))
    one.reserve()

    pass_time(client, call, other)

    assert not client.keys("_kombu*")
    assert len(other.reserve()[0]) == 1


def test_innocents_that_were_held_beside_a_killer_all_end_and_only_it_is_buried(client, call):
    """3.23: a worker with 64 jobs is killed by one of them, again and again."""
    jobs = ["killer", *[f"innocent{number}" for number in range(63)]]
    for job_id in jobs:
        publish(call, job_id)

    crews = 0
    while client.zcard(keys.ENDED) < len(jobs):
        hands, crews = Hands(call, f"{crews:016x}"), crews + 1
        is_killed = False
        while not is_killed and (taken := hands.reserve(credit=64)[0]):
            begun = [each for each in taken if hands.begin(*each) == "begun"]
            is_killed = any(job_of(message) == "killer" for _, message in begun)
            for lease, message in () if is_killed else begun:
                hands.finish(lease, message)
        pass_time(client, call)

    ended = {job_id: state(client, job_id) for job_id in jobs}
    assert ended.pop("killer") is State.DEAD
    assert set(ended.values()) == {State.DONE}
    assert DeadLetters(client).count() == 1
    assert crews <= 1 + MAX_CRASHES + 1


def test_a_second_delivery_never_runs_beside_the_first(client, call, one, other):
    """3.6: a stock producer that was cut off sends its message twice; a lease that is alive keeps the job."""
    message = json.dumps({"headers": {"id": "job", "task": "model.job", "retries": 0}, "body": ""})
    client.lpush(QUEUE, message, message)
    [(first, _)], _ = one.reserve()
    [(second, _)], _ = other.reserve()

    assert (one.begin(first, message), other.begin(second, message)) == ("begun", "running")
    assert one.finish(first, message) == 1


def test_many_begins_of_one_message_at_the_same_time_are_one_start(client, producer):
    """3.6, on the real clock: whoever asks, the broker counts one start."""
    call = Engine(client)
    client.set(CLOCK, NOW)
    message = json.dumps({"headers": {"id": "job", "task": "model.job", "retries": 0}, "body": ""})
    client.lpush(QUEUE, *[message] * 8)
    leases = [lease for lease, _ in Hands(call, "a" * 16).reserve(credit=8)[0]]
    answers = []

    def begin(lease):
        answers.append(Deliveries(client).begin(Delivery("job", "model.job", QUEUE, "worker", {}, lease)))

    threads = [threading.Thread(target=begin, args=[lease]) for lease in leases]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) == 8, "all have asked")
    for thread in threads:
        thread.join()

    assert answers.count(Begun(attempt=1, crashes=0)) == 1
    assert answers.count(Ended(State.RUNNING, None)) == 7
    assert Lost() not in answers
    client.delete(CLOCK)
