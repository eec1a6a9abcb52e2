"""Tenants take turns, whatever one of them has waiting; and nothing that waits for its turn is lost or hidden."""

from collections import Counter
from datetime import timedelta

import pytest
from redis import Redis

from buffrsign import EnqueueRefused, Producer
from buffrsign.broker import keys
from buffrsign.broker.export import count_exportable, export_to_stock
from buffrsign.broker.limits import WINDOW
from buffrsign.broker.overview import list_jobs, read_counts
from buffrsign.broker.records import State
from buffrsign.broker.schedule import Schedule
from buffrsign.broker.scripts import script
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from buffrsign.producer import QueueFull
from tests.support.broker import TestBroker
from tests.support.taker import Taken, Taker

HERE = Queue.MAINTENANCE


def enqueue(producer: Producer, tenant: str, how_many: int = 1) -> list[str]:
    return list(producer.enqueue_many([Canary() for _ in range(how_many)], tenant=tenant).job_ids)


def starts_before(taken: list[Taken], job_id: str) -> int:
    return [each.job_id for each in taken].index(job_id)


@pytest.mark.parametrize("credit", [1, 4, 64])
@pytest.mark.parametrize("others", [1, 3, 20])
def test_a_tenant_s_one_job_starts_within_one_turn_of_all_whatever_the_others_have(
    producer: Producer, client: Redis, others: int, credit: int
) -> None:
    for number in range(others):
        enqueue(producer, f"big-{number}", 3000 // others)
    taker = Taker(client)
    in_flight = taker.take(credit)

    [job_id] = enqueue(producer, "small")
    taker.let_go(in_flight)
    after = taker.take_all(credit)

    assert starts_before(after, job_id) <= (others + 1) * credit
    assert starts_before(after, job_id) <= others + credit


@pytest.mark.parametrize("credit", [1, 7, 64])
def test_tenants_that_come_later_get_as_much_as_those_that_were_there(
    producer: Producer, client: Redis, credit: int
) -> None:
    enqueue(producer, "first", 2000)
    taker = Taker(client)
    taker.let_go(taker.take(credit))
    for tenant in ("second", "third"):
        enqueue(producer, tenant, 100)

    shares = Counter(each.tenant for each in taker.take_all(credit)[:300])

    assert all(abs(shares[tenant] - 100) <= 2 + credit for tenant in ("first", "second", "third")), shares


def test_jobs_of_one_tenant_keep_their_order(producer: Producer, client: Redis) -> None:
    enqueued = {tenant: enqueue(producer, tenant, 700) for tenant in ("a", "b", "c")}

    taken = Taker(client).take_all(10)

    for tenant, job_ids in enqueued.items():
        assert [each.job_id for each in taken if each.tenant == tenant] == job_ids


def test_what_has_no_tenant_takes_turns_with_those_who_have(producer: Producer, client: Redis) -> None:
    producer.enqueue_many([Canary() for _ in range(1000)])
    taker = Taker(client)
    taker.let_go(taker.take(1))
    enqueue(producer, "a", 50)

    first = taker.take_all(1)[:100]

    assert 45 <= Counter(each.tenant for each in first)["a"] <= 55


def test_a_tenant_whose_jobs_come_one_by_one_starves_nobody(producer: Producer, client: Redis) -> None:
    enqueue(producer, "big", 500)
    taker, starts = Taker(client), Counter[str]()
    for _ in range(100):
        enqueue(producer, "drip-1")
        enqueue(producer, "drip-2")
        for taken in [taker.take(1) for _ in range(3)]:
            starts[taken[0].tenant] += 1
            taker.let_go(taken)

    assert starts["big"] >= 95, starts


def test_the_queue_s_own_list_holds_the_next_ones_and_the_counts_hold_all(producer: Producer, client: Redis) -> None:
    enqueue(producer, "a", 1000)

    here = read_counts(client).queues[HERE]

    assert client.llen(HERE) == WINDOW == here.ready
    assert (here.backlog, here.waiting) == (1000 - WINDOW, 1000)
    assert len(list_jobs(client, state=State.READY, limit=5000)) == 1000


def test_a_stock_worker_that_takes_from_the_list_sees_all_of_them_in_the_end(producer: Producer, client: Redis) -> None:
    enqueue(producer, "a", 600)
    enqueue(producer, "b", 600)
    seen = 0
    while True:
        while client.rpop(HERE):
            seen += 1
        Schedule(client).promote()
        if not client.llen(HERE):
            break

    assert seen == 1200
    assert read_counts(client).queues[HERE].waiting == 0


def test_what_is_given_back_is_taken_in_the_next_turns(producer: Producer, client: Redis) -> None:
    enqueue(producer, "a", 300)
    enqueue(producer, "b", 300)
    taker = Taker(client)
    taken = taker.take(5)

    taker.give_back(taken)

    assert {each.job_id for each in taken} <= {each.job_id for each in taker.take(10)}


def test_what_was_scheduled_waits_for_its_turn_too(producer: Producer, client: Redis) -> None:
    enqueue(producer, "big", 1000)
    taker = Taker(client)
    taker.let_go(taker.take(1))
    late = producer.enqueue(Canary(), delay=timedelta(hours=1), tenant="small").job_id
    producer.run_now(late)

    after = taker.take_all(1)

    assert starts_before(after, late) <= 2


def test_a_purge_drops_what_waits_for_its_turn(producer: Producer, client: Redis) -> None:
    for tenant in ("a", "b", "c"):
        enqueue(producer, tenant, 400)
    dropped = 0
    while some := script(client, "purge")(args=[HERE.value, 500]):
        dropped += int(some)

    assert dropped == 1200
    assert read_counts(client).queues[HERE].waiting == 0
    assert not Taker(client).take()


def test_the_way_back_to_stock_workers_takes_what_waits_for_its_turn(producer: Producer, client: Redis) -> None:
    enqueue(producer, "a", 500)
    enqueue(producer, "b", 500)
    assert count_exportable(client).waiting == 1000 - int(client.llen(HERE))

    *_, exported = export_to_stock(client)

    assert client.llen(HERE) == 1000
    assert exported.waiting > 0
    assert not client.exists(keys.BACKLOGGED, keys.TURNS_PREFIX + HERE, keys.GUESTS_PREFIX + HERE)


def test_a_full_queue_counts_what_waits_for_its_turn(client: Redis, broker: TestBroker) -> None:
    bounded = Producer(broker.broker_url, max_ready=500)
    enqueue(bounded, "a", 400)

    with pytest.raises(QueueFull):
        enqueue(bounded, "b", 200)
    bounded.close()


def test_nothing_is_left_when_all_was_taken(producer: Producer, client: Redis) -> None:
    for tenant in ("a", "b", "c"):
        enqueue(producer, tenant, 300)

    assert len(Taker(client).take_all(17)) == 900

    prefixes = (keys.BACKLOG_PREFIX, keys.TURNS_PREFIX, keys.GUESTS_PREFIX, keys.UNTIL_TAKEN_PREFIX, keys.WINDOW_PREFIX)
    assert not [key for prefix in prefixes for key in client.scan_iter(match=f"{prefix}*")]
    assert not client.exists(keys.BACKLOGGED)


@pytest.mark.parametrize("tenant", ["a" * 10_000, "Anna Nangolo", "a:b", "a\nb", "ä"])
def test_a_tenant_that_is_no_id_is_refused(producer: Producer, client: Redis, tenant: str) -> None:
    with pytest.raises(EnqueueRefused, match="short id") as refused:
        producer.enqueue(Canary(), tenant=tenant)

    assert len(str(refused.value)) < 250
    assert client.llen(HERE) == 0


def test_a_stock_producer_s_tenant_of_ten_thousand_characters_is_nobody_s(client: Redis) -> None:
    message = b'{"headers": {"id": "x1", "task": "maintenance.canary", "tenant": "%s"}, "body": ""}' % (b"a" * 10_000)
    client.lpush(HERE, message)

    assert [each.job_id for each in Taker(client).take()] == ["x1"]
    assert not list(client.scan_iter(match="*aaaa*"))
