"""The outbox: what is enqueued in a transaction is published if it commits, once, whatever happens to the relays."""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buffrsign import BrokerUnavailable, BulkRefused, EnqueueRefused, PayloadRefused, Producer, State
from buffrsign.broker import keys
from buffrsign.core.clock import utc_now
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.missed import Missed
from buffrsign.outbox import Outbox, rows
from buffrsign.outbox_relay import OutboxUnavailable, Reconciled, Relay, Relayed
from tests.support.broker import KEY_SECRET
from tests.support.clock import NOON
from tests.support.jobs import large_event, letter
from tests.support.records import whole
from tests.support.wait import wait_until


@pytest.fixture
def client(broker):
    return broker.client


@pytest.fixture
def relay(engine, producer):
    return Relay(engine, producer, claim=timedelta(0))


def write(engine, *jobs, **terms):
    with engine.begin() as connection:
        return Outbox(connection).enqueue_many(jobs, **terms)


def waiting(client, queue="maintenance"):
    return [json.loads(message)["headers"]["id"] for message in reversed(client.lrange(queue, 0, -1))]


def all_rows(engine):
    with engine.connect() as connection:
        return connection.execute(select(rows).order_by(rows.c.number)).all()


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


def test_a_relay_that_is_killed_at_any_step_loses_and_doubles_nothing(engine, database, broker, producer):
    # The URL of an engine hides its password; there is none here.
    step, is_whole = 0, False
    while not is_whole:
        step += 1
        ids = write(engine, *[Canary() for _ in range(3)])
        killed = subprocess.run(
            [sys.executable, "-m", "tests.support.relay_to_kill", database, broker.broker_url, str(step)],
            capture_output=True,
            text=True,
            check=False,
        )
        is_whole = killed.stdout == "whole\n"
        assert is_whole or killed.returncode == -signal.SIGKILL, killed.stderr

        Relay(engine, producer, claim=timedelta(0)).relay()

        assert waiting(broker.client)[-3:] == ids, f"killed at step {step}"
        assert broker.client.llen("maintenance") == 3 * step
        assert all(row.sent_at for row in all_rows(engine))
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

    relays = [threading.Thread(target=work) for _ in range(4)]
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


# -- reconciling -------------------------------------------------------------------------------------------------------


def lose(client, job_id):
    client.delete(keys.record(job_id), "maintenance")


def test_a_job_that_the_broker_lost_is_published_again_under_its_id(engine, relay, client):
    [lost] = write(engine, Canary())
    relay.relay()
    lose(client, lost)

    assert relay.reconcile(after=timedelta(0)) == Reconciled(republished=1)
    assert relay.relay() == Relayed(created=1)
    assert waiting(client) == [lost]


def test_a_job_that_lives_is_left_alone_and_one_that_has_ended_is_closed(engine, relay, producer):
    ids = write(engine, Canary(), Canary())
    relay.relay()
    producer.cancel(ids[0])

    assert relay.reconcile(after=timedelta(0)) == Reconciled(ended=1, alive=1)
    assert relay.reconcile(after=timedelta(0)) == Reconciled(alive=1)
    assert [row.closed_as for row in all_rows(engine)] == ["cancelled", None]


def test_a_duplicate_by_its_key_is_closed_by_the_job_that_stands(engine, relay, producer):
    standing = producer.enqueue(letter())
    write(engine, letter())

    assert relay.relay() == Relayed(duplicate=1)
    assert relay.reconcile(after=timedelta(0)) == Reconciled(alive=1)
    producer.cancel(standing.job_id)
    assert relay.reconcile(after=timedelta(0)) == Reconciled(ended=1)


def test_a_young_row_is_not_looked_after(engine, relay, client):
    [job_id] = write(engine, Canary())
    relay.relay()
    lose(client, job_id)

    assert relay.reconcile(after=timedelta(hours=1)) == Reconciled()


def test_whether_an_old_job_was_lost_or_forgotten_nobody_can_tell(engine, relay, producer, client):
    [job_id] = write(engine, Canary())
    relay.relay()
    lose(client, job_id)
    tomorrow = Relay(engine, producer, clock=lambda: utc_now() + timedelta(days=1))

    assert tomorrow.reconcile() == Reconciled(doubtful=1)
    assert tomorrow.relay() == Relayed()
    [row] = all_rows(engine)
    assert row.closed_as.startswith("doubtful")


def test_closed_rows_are_forgotten_after_a_while(engine, relay, producer):
    [ended, _open] = write(engine, Canary(), Canary())
    relay.relay()
    producer.cancel(ended)
    relay.reconcile(after=timedelta(0))

    assert relay.forget(after=timedelta(hours=1)) == 0
    assert relay.forget(after=timedelta(-1)) == 1
    assert len(all_rows(engine)) == 1


# -- the program -------------------------------------------------------------------------------------------------------


def test_the_relay_s_program_publishes_until_it_is_told_to_stop(engine, database, broker):
    ids = write(engine, Canary(), Canary())
    environment = {**os.environ, "BUFFRSIGN_BROKER_URL": broker.broker_url, "BUFFRSIGN_JOB_KEY_SECRET": KEY_SECRET}
    program = subprocess.Popen(
        [sys.executable, "-m", "buffrsign.outbox_relay", "--database-url", database], env=environment
    )
    try:
        wait_until(lambda: waiting(broker.client) == ids, "the relay to publish")
        ids += write(engine, Canary())
        wait_until(lambda: waiting(broker.client) == ids, "the relay to go on")
    finally:
        program.terminate()

    assert program.wait(timeout=20) == 0


def test_a_database_without_an_outbox_is_said_to_be_unavailable(tmp_path, producer):
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{tmp_path}/none.db")

    with pytest.raises(OutboxUnavailable, match="OperationalError"):
        Relay(engine, producer, clock=lambda: NOON).relay()
    engine.dispose()
