"""The outbox's reconciler: rows without an outcome are published again, and closed when their jobs have ended."""

from datetime import timedelta

from buffrsign.broker import keys
from buffrsign.core.clock import to_epoch_ms, utc_now
from buffrsign.jobs.maintenance import Canary
from buffrsign.outbox import read_backlog, retry_stuck
from buffrsign.outbox_relay import Reconciled, Relay, Relayed
from tests.support.bulks import waiting
from tests.support.jobs import letter
from tests.support.outboxes import all_rows, change, write


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


def test_a_job_that_waits_long_costs_a_write_an_hour(engine, producer):
    now = [utc_now()]
    relay = Relay(engine, producer, clock=lambda: now[0])
    write(engine, Canary(), delay=timedelta(days=300))
    relay.relay()
    seen = [all_rows(engine)[0].seen_at]

    for minutes in (10, 55):
        now[0] += timedelta(minutes=minutes)
        assert relay.reconcile(after=timedelta(0)) == Reconciled(alive=1)
        seen.append(all_rows(engine)[0].seen_at)

    assert [later - seen[0] for later in seen] == [0, 0, 65 * 60_000]


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


def test_a_row_that_somebody_must_look_at_is_never_forgotten_and_can_be_retried(engine, relay, client):
    [refused, _open, waits] = write(engine, Canary(), Canary(), Canary())
    change(engine, refused, payload='{"v":1,"unknown":1}')
    change(engine, waits, claimed_until=to_epoch_ms(utc_now() + timedelta(minutes=1)))
    relay.relay()

    assert relay.forget(after=timedelta(-1)) == 0
    with engine.begin() as connection:
        backlog = read_backlog(connection)
    assert (backlog.waiting, backlog.open, backlog.refused, backlog.doubtful) == (1, 1, 1, 0)
    assert timedelta(0) <= utc_now() - backlog.oldest_waiting < timedelta(minutes=1)
    [stuck] = backlog.first_stuck
    assert (stuck.job_id, stuck.kind) == (refused, Canary.kind)
    assert stuck.why.startswith("refused: payload of maintenance.canary refused")

    change(engine, refused, payload='{"v":1}')
    with engine.begin() as connection:
        assert retry_stuck(connection, [stuck.number, stuck.number, 4711]) == [stuck.number]
    assert relay.relay() == Relayed(created=1)
    assert refused in waiting(client)
