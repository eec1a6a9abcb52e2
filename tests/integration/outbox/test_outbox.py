"""The outbox: what is enqueued in a transaction is published if it commits, once, whatever happens to the relays."""

import json
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text, update
from sqlalchemy.orm import Session

from buffrsign import BrokerUnavailable, BulkRefused, EnqueueRefused, PayloadRefused, Producer, State, outbox
from buffrsign.broker.enqueueing import KeySecretRefused
from buffrsign.core.clock import utc_now
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.missed import Missed
from buffrsign.outbox import Outbox, rows
from buffrsign.outbox_relay import CLAIMED_AT_ONCE, PUT_OFF, OutboxUnavailable, Relay, Relayed
from tests.support.broker import KEY_SECRET
from tests.support.bulks import waiting
from tests.support.jobs import large_event, letter
from tests.support.outboxes import all_rows, change, relay_to_the_end, write
from tests.support.private import NEW, OLD, cipher_of
from tests.support.records import whole


def test_what_a_transaction_enqueued_is_published_in_its_order_once_it_has_committed(engine, relay, client):
    jobs = [Canary() for _ in range(300)]
    with Session(engine) as session:
        outbox = Outbox(session)
        ids = [outbox.enqueue(job) for job in jobs]
        session.flush()
        published_before = client.dbsize()
        session.commit()

    rounds = [relay.relay(), relay.relay(), relay.relay()]

    assert published_before == 0
    assert rounds == [Relayed(created=256), Relayed(created=44), Relayed()]
    assert waiting(client) == ids == [job.job_id for job in jobs]
    assert all(row.sent_at and row.claim is None for row in all_rows(engine))


def test_a_transaction_that_rolls_back_publishes_nothing(engine, relay, client):
    with Session(engine) as session:
        Outbox(session).enqueue(Canary())
        session.rollback()

    assert relay.relay() == Relayed()
    assert client.dbsize() == 0


def test_a_refused_job_writes_no_row_and_leaves_the_transaction_as_it_was(engine, relay):
    job = Canary()
    with engine.begin() as connection:
        outbox = Outbox(connection)
        with pytest.raises(PayloadRefused):
            outbox.enqueue(letter(document_title=""))
        with pytest.raises(EnqueueRefused):
            outbox.enqueue(large_event())
        with pytest.raises(EnqueueRefused):
            outbox.enqueue(job, delay=timedelta(-1))
        with pytest.raises(BulkRefused, match="position 1"):
            outbox.enqueue_many([Canary(), letter(document_title="")])
        outbox.enqueue(job)
        outbox.enqueue(job)

    assert [row.job_id for row in all_rows(engine)] == [job.job_id]
    assert relay.relay() == Relayed(created=1)


def test_terms_are_kept(engine, relay, producer, client):
    plain, later, kept = Canary(), Canary(), letter()
    write(engine, plain)
    write(
        engine, later, at=utc_now() + timedelta(hours=2), missed=Missed.ONCE, series="s", expires=timedelta(minutes=1)
    )
    write(engine, kept, delay=timedelta(hours=1), keep_result=True, key_window=timedelta(minutes=1))

    assert relay.relay() == Relayed(created=3)

    assert producer.status(plain.job_id).state is State.READY
    status = producer.status(later.job_id)
    assert status.state is State.SCHEDULED
    assert timedelta(minutes=119) < status.due_at - utc_now() < timedelta(minutes=121)
    record = client.hgetall(whole(client, later.job_id))
    assert (record[b"missed"], record[b"series"]) == (b"once", b"s")
    assert int(record[b"expires_at"]) - int(record[b"ready_at"]) == 60_000
    assert client.hget(whole(client, kept.job_id), "window_s") == b"60"
    assert producer.status(kept.job_id).keeps_result


def test_a_delay_counts_from_the_transaction_and_not_from_the_relay(engine, producer, relay):
    job = Canary()
    with engine.begin() as connection:
        Outbox(connection, clock=lambda: utc_now() - timedelta(hours=1)).enqueue(job, delay=timedelta(minutes=30))

    relay.relay()

    assert producer.status(job.job_id).state is State.READY


@pytest.fixture
def killed_at(database, broker):
    """Have a relay begin a round and die at this step; `killed`, or `whole` if it has fewer steps."""
    command = [sys.executable, "-m", "tests.support.relay_to_kill", database, broker.broker_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as relays:

        def killed_at(step):
            relays.stdin.write(f"{step}\n")
            relays.stdin.flush()
            return relays.stdout.readline().strip()

        yield killed_at
        relays.stdin.close()


def test_a_relay_that_is_killed_at_any_step_loses_and_doubles_nothing(engine, broker, producer, killed_at):
    # The URL of an engine hides its password; there is none here.
    step, ended = 0, "killed"
    while ended == "killed":
        step += 1
        ids = write(engine, *[Canary() for _ in range(3)])
        ended = killed_at(step)

        # PostgreSQL may take a moment to see that the client of an open transaction is gone, and free its rows.
        relay_to_the_end(engine, producer)

        assert waiting(broker.client)[-3:] == ids, f"killed at step {step}"
        assert broker.client.llen("maintenance") == 3 * step
    assert ended == "whole"
    assert step > 12


def test_a_relay_that_died_keeps_its_rows_until_its_claim_runs_out(engine, producer, client):
    write(engine, Canary())
    dead = Relay(engine, producer, claim=timedelta(minutes=1))
    dead._claimed("01ARYZ6S410000000000000000")

    assert Relay(engine, producer).relay() == Relayed()
    later = Relay(engine, producer, clock=lambda: utc_now() + timedelta(minutes=2))
    assert later.relay() == Relayed(created=1)


def test_relays_beside_each_other_publish_nothing_twice(engine, broker, client):
    ids = [write(engine, *[Canary() for _ in range(100)]) for _ in range(20)]
    created, lock = [], threading.Lock()

    def work():
        producer = Producer(broker.broker_url, key_secret=KEY_SECRET)
        relay = Relay(engine, producer)
        while any(row.sent_at is None for row in all_rows(engine)):
            try:
                relayed = relay.relay()
            except OutboxUnavailable:
                continue
            with lock:
                created.append(relayed)
        producer.close()

    relays = [threading.Thread(target=work) for _ in range(10)]
    for each in relays:
        each.start()
    for each in relays:
        each.join()

    assert sorted(waiting(client)) == sorted(job_id for each in ids for job_id in each)
    assert sum(created, start=Relayed()) == Relayed(created=2000)


def test_a_relay_that_runs_twice_says_duplicate(engine, relay, producer, client):
    ids = write(engine, Canary(), Canary())
    relay.relay()
    with engine.begin() as connection:
        connection.execute(update(rows).values(sent_at=None))

    assert relay.relay() == Relayed(duplicate=2)
    assert waiting(client) == ids


def test_rows_wait_while_the_broker_is_away(engine, producer, client):
    ids = write(engine, Canary(), Canary())
    away = Relay(engine, Producer("redis://127.0.0.1:1"))

    with pytest.raises(BrokerUnavailable):
        away.relay()

    assert Relay(engine, producer).relay() == Relayed(created=2)
    assert waiting(client) == ids


END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@pytest.mark.needs("postgresql")
def test_a_database_that_ends_its_connections_costs_a_round(postgresql, producer, client):
    engine, other = create_engine(postgresql), create_engine(postgresql)
    outbox.metadata.create_all(engine)
    ids = write(engine, Canary())
    relay = Relay(engine, producer)
    with other.begin() as connection:
        connection.execute(text(END_OTHERS))

    with pytest.raises(OutboxUnavailable):
        relay.relay()

    assert relay.relay() == Relayed(created=1)
    assert waiting(client) == ids
    outbox.metadata.drop_all(engine)
    engine.dispose()
    other.dispose()


def test_a_row_that_cannot_be_published_is_closed_with_its_reason_and_keeps_no_other_back(engine, relay, client):
    [first, bad, last] = write(engine, Canary(), Canary(), Canary())
    with engine.begin() as connection:
        connection.execute(update(rows).where(rows.c.job_id == bad).values(payload='{"v":1,"unknown":1}'))

    assert relay.relay() == Relayed(created=2, refused=1)
    assert relay.relay() == Relayed()
    assert waiting(client) == [first, last]
    [row] = [row for row in all_rows(engine) if row.job_id == bad]
    assert row.closed_at
    assert row.closed_as.startswith("refused: payload of maintenance.canary refused")


def test_a_row_of_a_newer_release_waits_for_a_newer_relay(engine, relay, client):
    [newer, ours] = write(engine, Canary(), Canary())
    with engine.begin() as connection:
        connection.execute(update(rows).where(rows.c.job_id == newer).values(payload='{"v":99}'))

    assert relay.relay() == Relayed(created=1)
    assert waiting(client) == [ours]
    assert [row.job_id for row in all_rows(engine) if row.sent_at is None] == [newer]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"payload": "{no json"}, "its payload is no JSON"),
        ({"payload": "[" * 100_000}, "its payload is no JSON"),
        ({"terms": "{no json"}, "its terms cannot be read"),
        ({"terms": '{"at_ms":99999999999999999}'}, "its terms cannot be read"),
    ],
    ids=["payload", "depth", "terms", "time"],
)
def test_a_row_that_was_damaged_is_closed_and_keeps_no_other_back(engine, relay, client, changed, reason):
    [first, bad, last] = write(engine, Canary(), Canary(), Canary())
    change(engine, bad, **changed)

    assert relay.relay() == Relayed(created=2, refused=1)
    assert waiting(client) == [first, last]
    [row] = [row for row in all_rows(engine) if row.job_id == bad]
    assert reason in row.closed_as


def test_rows_of_a_newer_release_keep_no_other_back_however_many_they_are(engine, relay, client):
    newer = write(engine, *[Canary() for _ in range(CLAIMED_AT_ONCE)])
    ours = write(engine, Canary())
    with engine.begin() as connection:
        connection.execute(update(rows).where(rows.c.job_id.in_(newer[:100])).values(payload='{"v":99}'))
        connection.execute(update(rows).where(rows.c.job_id.in_(newer[100:200])).values(kind="a.newer_kind"))
        connection.execute(update(rows).where(rows.c.job_id.in_(newer[200:])).values(terms='{"newer":1}'))

    assert relay.relay() == Relayed()
    assert relay.relay() == Relayed(created=1)
    assert waiting(client) == ours
    assert all(row.closed_at is None for row in all_rows(engine))


def test_a_kind_that_stays_unknown_for_an_hour_is_refused(engine, producer):
    [unknown] = write(engine, Canary())
    change(engine, unknown, kind="a.kind_that_is_gone")

    later = Relay(engine, producer, clock=lambda: utc_now() + timedelta(hours=2))

    assert later.relay() == Relayed(refused=1)


def test_a_full_queue_keeps_no_other_queue_back_and_its_rows_keep_their_order(engine, broker, client):
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, max_ready=2)
    now = [utc_now()]
    relay = Relay(engine, producer, clock=lambda: now[0])
    letters = write(engine, *[letter(round=number) for number in range(1, 7)])
    others = write(engine, Canary(), Canary())
    producer.enqueue_many([letter(round=8), letter(round=9)])

    assert relay.relay() == Relayed(created=2)
    assert waiting(client) == others
    client.delete("email")
    assert relay.relay() == Relayed()  # it is left alone for a while
    producer.close()

    now[0] += timedelta(seconds=6)
    roomy = Producer(broker.broker_url, key_secret=KEY_SECRET)
    assert Relay(engine, roomy, clock=lambda: now[0]).relay() == Relayed(created=6)
    assert waiting(client, "email") == letters
    roomy.close()


def test_a_relay_with_another_key_secret_closes_no_row(engine, broker, producer, client):
    producer.enqueue(letter(round=1))
    ids = write(engine, letter(round=2), letter(round=3))
    other = Producer(broker.broker_url, key_secret="another secret")

    with pytest.raises(KeySecretRefused):
        Relay(engine, other).relay()
    other.close()

    assert Relay(engine, producer).relay() == Relayed(created=2)
    assert waiting(client, "email")[1:] == ids


# -- private payloads --------------------------------------------------------------------------------------------------


def test_an_outbox_with_a_cipher_keeps_no_person_s_data_in_clear(engine, producer, client):
    job = letter()
    with engine.begin() as connection:
        Outbox(connection, cipher=cipher_of(OLD)).enqueue(job)
        Outbox(connection).enqueue(letter(round=2))

    sealed, plain = all_rows(engine)
    assert job.recipient.email not in str(sealed)
    assert job.recipient.email in plain.payload

    private = Relay(engine, producer, cipher=cipher_of({**NEW, **OLD}))
    assert private.relay() == Relayed(created=2)
    assert waiting(client, "email")[0] == job.job_id


@pytest.mark.parametrize("cipher", [None, cipher_of(NEW)], ids=["no keys", "another key"])
def test_a_sealed_row_waits_for_a_relay_with_its_key_and_keeps_no_other_back(engine, producer, client, cipher):
    job = letter()
    with engine.begin() as connection:
        Outbox(connection, cipher=cipher_of(OLD)).enqueue(job)
    [ours] = write(engine, Canary())

    assert Relay(engine, producer, cipher=cipher).relay() == Relayed(created=1)
    assert waiting(client) == [ours]

    a_minute_later = Relay(engine, producer, cipher=cipher_of(OLD), clock=lambda: utc_now() + PUT_OFF)
    assert a_minute_later.relay() == Relayed(created=1)


def test_a_sealed_payload_that_was_moved_to_another_row_is_not_published(engine, producer):
    with engine.begin() as connection:
        first, second = (Outbox(connection, cipher=cipher_of(OLD)).enqueue(letter(round=each)) for each in (1, 2))
    sealed = {row.job_id: row.payload for row in all_rows(engine)}
    change(engine, first, payload=sealed[second])

    assert Relay(engine, producer, cipher=cipher_of(OLD)).relay() == Relayed(created=1)
    assert [row.job_id for row in all_rows(engine) if row.sent_at is None] == [first]


def test_what_the_relay_publishes_is_sealed_with_its_producer_s_keys(engine, broker, client):
    job = letter()
    write(engine, job)
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, cipher=cipher_of(NEW))

    Relay(engine, producer).relay()
    producer.close()

    [message] = client.lrange("email", 0, -1)
    assert json.loads(message)["headers"]["payload_key"] == "new"
    assert job.recipient.email not in message.decode()


# -- whose transaction it is -------------------------------------------------------------------------------------------


def test_rows_that_are_undone_by_a_savepoint_are_not_published(engine, relay, client):
    with Session(engine) as session, session.begin():
        kept = Outbox(session).enqueue(Canary())
        inner = session.begin_nested()
        Outbox(session).enqueue(Canary())
        inner.rollback()

    assert relay.relay() == Relayed(created=1)
    assert waiting(client) == [kept]
