"""The way back: what is leased, suspected and scheduled becomes what stock Celery workers understand."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from redis import Redis

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.broker.deliveries import Begun, Deliveries
from buffrsign.broker.export import Exported, StillHeld, count_exportable, export_to_stock
from buffrsign.broker.schedule import Schedule
from buffrsign.broker.scripts import script
from buffrsign.core.clock import from_epoch_ms
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.maintenance import Canary
from tests.support.cli import status_of
from tests.support.deliveries import read, take
from tests.support.holding import reserve
from tests.support.records import whole

DAYS = timedelta(days=30)
HOUR_MS = 3_600_000
GONE_MS = -1


def export(client: Redis, **options: Any) -> Exported:
    """All of it; what went."""
    *_before, last = [Exported(), *export_to_stock(client, **options)]
    return last


def messages(client: Redis, name: str = "maintenance") -> list[dict[str, Any]]:
    """What lies in a list, the next first."""
    lying: Any = client.lrange(name, 0, -1)
    return [json.loads(message) for message in reversed(lying)]


def ids(client: Redis, name: str = "maintenance") -> list[str]:
    return [message["headers"]["id"] for message in messages(client, name)]


def test_leases_of_a_holder_that_is_gone_go_back_in_order(producer: Producer, client: Redis) -> None:
    job_ids = [producer.enqueue(Canary()).job_id for _ in range(5)]
    reserve(client, "killed", jobs=3, lease_ms=GONE_MS)

    went = export(client)

    assert went == Exported(leased=3)
    assert ids(client) == job_ids
    assert not client.exists(keys.HOLDERS, keys.holder("killed"))


def test_a_job_that_ran_in_it_is_ready_again_and_no_attempt_is_spent(
    producer: Producer, client: Redis, deliveries: Deliveries
) -> None:
    job_id = producer.enqueue(Canary()).job_id
    message: Any = client.lindex("maintenance", 0)
    [lease] = reserve(client, "killed", jobs=1, lease_ms=HOUR_MS)
    delivery = read(message)
    deliveries.begin(replace(delivery, lease=lease))
    client.zadd(keys.HOLDERS, {"killed": 1})

    export(client)

    assert status_of(producer, job_id).state is State.READY
    assert deliveries.begin(take(client)) == Begun(attempt=1, crashes=0)


def test_a_holder_that_lives_is_not_robbed(producer: Producer, client: Redis) -> None:
    producer.enqueue(Canary())
    later = producer.enqueue(Canary(), delay=DAYS)
    reserve(client, "alive", jobs=1, lease_ms=HOUR_MS)

    with pytest.raises(StillHeld, match="1 holders have leases, the longest for 3600 s more"):
        export(client)

    assert client.llen("maintenance") == 0
    assert status_of(producer, later.job_id).state is State.SCHEDULED


def test_it_is_robbed_where_that_is_asked_for(producer: Producer, client: Redis) -> None:
    producer.enqueue(Canary())
    reserve(client, "alive", jobs=1, lease_ms=HOUR_MS)

    assert export(client, force=True) == Exported(leased=1)

    assert client.llen("maintenance") == 1


def test_a_holder_that_comes_to_life_in_between_is_not_robbed(producer: Producer, client: Redis) -> None:
    for _ in range(2):
        producer.enqueue(Canary())
    reserve(client, "first", jobs=1, lease_ms=GONE_MS)
    reserve(client, "second", jobs=1, lease_ms=GONE_MS)
    steps = export_to_stock(client)
    next(steps)

    client.zadd(keys.HOLDERS, dict.fromkeys(client.zrange(keys.HOLDERS, 0, -1), 4_000_000_000_000))

    with pytest.raises(StillHeld):
        list(steps)
    assert client.llen("maintenance") == 1


def test_suspects_go_to_the_head_of_their_list_the_longest_waiting_first(producer: Producer, client: Redis) -> None:
    first, second, ready = (producer.enqueue(Canary()).job_id for _ in range(3))
    for since in (1, 2):
        message: Any = client.rpop("maintenance")
        client.zadd(keys.suspects("maintenance"), {message: since})
    client.hset(whole(client, first), "suspect", 1)

    assert export(client) == Exported(suspects=2)

    assert ids(client) == [first, second, ready]
    assert not client.hexists(keys.record(first), "suspect")
    assert not client.exists(keys.suspects("maintenance"))


def test_a_scheduled_job_becomes_a_message_with_its_time(producer: Producer, client: Redis) -> None:
    job_id = producer.enqueue(Canary(note="later"), delay=DAYS).job_id
    before = status_of(producer, job_id)

    assert export(client) == Exported(scheduled=1)

    [message] = messages(client)
    assert datetime.fromisoformat(message["headers"]["eta"]) == before.due_at
    assert message["headers"]["id"] == job_id
    after = status_of(producer, job_id)
    assert (after.state, after.due_at) == (State.READY, before.due_at)
    assert not client.exists(keys.SCHEDULE)


def test_its_record_and_its_key_outlive_its_wait_in_a_stock_worker(producer: Producer, client: Redis) -> None:
    job = InspectDocument(document_id="doc_7", sha256="ab" * 32)
    job_id = producer.enqueue(job, delay=DAYS).job_id

    export(client)

    for key in (keys.record(job_id), *client.scan_iter(keys.unique("*"))):
        ttl: Any = client.ttl(key)
        assert timedelta(seconds=ttl) > DAYS
    assert producer.enqueue(InspectDocument(document_id="doc_7", sha256="ab" * 32)).duplicate
    assert producer.cancel(job_id)
    left: Any = client.ttl(keys.record(job_id))
    assert timedelta(seconds=left) > DAYS


def test_a_job_that_expires_says_so_to_stock_workers(producer: Producer, client: Redis) -> None:
    job_id = producer.enqueue(Canary(), delay=DAYS, expires=timedelta(hours=1)).job_id

    export(client)

    [message] = messages(client)
    due_at = status_of(producer, job_id).due_at
    assert datetime.fromisoformat(message["headers"]["expires"]) == due_at + timedelta(hours=1)


def test_a_next_try_keeps_its_number(producer: Producer, client: Redis, deliveries: Deliveries) -> None:
    producer.enqueue(Canary())
    tried = take(client)
    deliveries.begin(tried)
    deliveries.retry(tried, delay=DAYS, error="away")

    export(client)

    again = take(client)
    assert again.request["retries"] == 1
    assert deliveries.begin(again) == Begun(attempt=2, crashes=0)


def test_a_job_of_a_lower_priority_goes_into_its_own_list(producer: Producer, client: Redis) -> None:
    job_id = producer.enqueue(Canary(), delay=DAYS).job_id
    low = keys.ready_lists("maintenance")[1]
    client.hset(whole(client, job_id), "list", low)

    export(client)

    assert ids(client, low) == [job_id]


def test_scheduled_jobs_go_in_the_order_of_their_times(producer: Producer, client: Redis) -> None:
    job_ids = [producer.enqueue(Canary(), delay=timedelta(hours=hours)).job_id for hours in (3, 1, 2)]

    export(client)

    assert ids(client) == [job_ids[1], job_ids[2], job_ids[0]]


def test_the_schedule_stays_where_our_scheduler_goes_on(producer: Producer, client: Redis) -> None:
    producer.enqueue(Canary(), delay=DAYS)

    assert export(client, with_schedule=False) == Exported()

    assert client.zcard(keys.SCHEDULE) == 1


def test_a_scheduled_message_that_nobody_can_read_stays_and_is_named(producer: Producer, client: Redis) -> None:
    strange, fine = (producer.enqueue(Canary(), delay=DAYS).job_id for _ in range(2))
    client.hset(whole(client, strange), "message", b"\xff")

    assert export(client) == Exported(scheduled=1, left=(strange,))

    assert ids(client) == [fine]
    assert client.zrange(keys.SCHEDULE, 0, -1) == [strange.encode()]


@pytest.mark.parametrize("meanwhile", ["cancelled", "moved", "promoted"])
def test_a_job_that_moves_between_the_look_and_the_step_is_not_doubled(
    producer: Producer, client: Redis, schedule: Schedule, meanwhile: str
) -> None:
    job_id = producer.enqueue(Canary(), delay=DAYS).job_id
    steps: Any = client.hmget(whole(client, job_id), "message", "ready_at")
    arguments = as_it_was_read(job_id, *steps)
    match meanwhile:
        case "cancelled":
            producer.cancel(job_id)
        case "moved":
            producer.reschedule(job_id, delay=2 * DAYS)
        case "promoted":
            producer.run_now(job_id)
            schedule.promote()
    before = client.llen("maintenance")

    assert run_step(client, arguments) == 0

    assert client.llen("maintenance") == before


def test_what_came_back_in_a_dry_look_is_what_goes(producer: Producer, client: Redis) -> None:
    for _ in range(4):
        producer.enqueue(Canary())
    producer.enqueue(Canary(), delay=DAYS)
    reserve(client, "killed", jobs=3, lease_ms=GONE_MS)
    message: Any = client.rpop("maintenance")
    client.zadd(keys.suspects("maintenance"), {message: 1})

    looked = count_exportable(client)

    assert looked == export(client) == Exported(leased=3, suspects=1, scheduled=1)
    assert looked.jobs == 5
    assert count_exportable(client) == Exported()


def test_a_way_back_that_ends_at_any_step_has_lost_and_doubled_nothing(producer: Producer, client: Redis) -> None:
    enqueued = [producer.enqueue(Canary(), delay=None if number % 2 else DAYS).job_id for number in range(400)]
    for holder in range(3):
        reserve(client, f"killed-{holder}", jobs=40, lease_ms=GONE_MS)
    for since in range(20):
        message: Any = client.rpop("maintenance")
        client.zadd(keys.suspects("maintenance"), {message: since})
    steps = 0

    while next(export_to_stock(client), None):  # it begins anew after each step
        steps += 1
        assert sorted(everywhere(client)) == sorted(enqueued)
        if count_exportable(client).jobs == 0:
            break

    assert steps >= 3
    assert sorted(ids(client)) == sorted(enqueued)


def test_our_workers_take_such_messages_into_the_schedule_again(
    producer: Producer, client: Redis, deliveries: Deliveries
) -> None:
    due_at = datetime.now(UTC) + DAYS
    job_id = producer.enqueue(Canary(), at=due_at).job_id
    export(client)
    delivery = take(client)
    eta_ms = round(datetime.fromisoformat(delivery.request["eta"]).timestamp() * 1000)

    assert deliveries.defer(delivery, until=eta_ms, message=json.dumps({}).encode())

    status = status_of(producer, job_id)
    assert (status.state, status.due_at) == (State.SCHEDULED, from_epoch_ms(eta_ms))


def everywhere(client: Redis) -> list[str]:
    """The id of every job, wherever it waits."""
    found: list[Any] = [*client.lrange("maintenance", 0, -1), *client.zrange(keys.suspects("maintenance"), 0, -1)]
    holders: Any = client.scan_iter(keys.holder("*"))
    found += [value.partition(b"\0")[2] for holder in holders for value in client.hvals(holder)]
    scheduled = [job_id.decode() for job_id in client.zrange(keys.SCHEDULE, 0, -1)]
    return scheduled + [json.loads(message)["headers"]["id"] for message in found]


def as_it_was_read(job_id: str, message: bytes, due: bytes) -> list[Any]:
    return [job_id, hashlib.sha1(message).hexdigest(), due, message]  # noqa: S324


def run_step(client: Redis, arguments: list[Any]) -> int:
    moved: Any = script(client, "export_scheduled")(args=arguments)
    return int(moved)
