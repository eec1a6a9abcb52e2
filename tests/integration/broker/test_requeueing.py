"""Dead letters that go back to their queue, or away, by a person's decision."""

import json
from datetime import timedelta

import pytest
from redis import Redis

from buffrsign import Producer, State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import DeadLetters, Reason, Which
from buffrsign.broker.deliveries import Begun, Deliveries
from buffrsign.broker.overview import read_counts
from buffrsign.broker.schedule import Schedule
from buffrsign.core.clock import from_epoch_ms
from buffrsign.jobs import Job, Queue
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.maintenance import Canary
from tests.support.cli import status_of
from tests.support.clock import NOON
from tests.support.deliveries import pop, take

NOW = timedelta(0)
BATCHES = 230


def bury(
    producer: Producer,
    client: Redis,
    job: Job | None = None,
    *,
    reason: Reason = Reason.PERMANENT,
    died_at_ms: int | None = None,
) -> str:
    """A job that died in its first run, with its result asked for."""
    handle = producer.enqueue(job or Canary(), keep_result=True)
    deliveries = Deliveries(client)
    delivery = take(client, (job or Canary()).destination)
    deliveries.begin(delivery)
    deliveries.bury(delivery, reason=reason, error="nobody can do this")
    if died_at_ms is not None:
        client.zadd(keys.DEAD_LETTERS, {handle.job_id: died_at_ms})
        client.hset(keys.dead_letter(handle.job_id), "died_at", died_at_ms)
    return handle.job_id


def keyed() -> InspectDocument:
    return InspectDocument(document_id="doc_7", sha256="ab" * 32)


def test_a_requeued_letter_runs_again_with_all_its_attempts(
    producer: Producer, client: Redis, deliveries: Deliveries, dead_letters: DeadLetters, schedule: Schedule
) -> None:
    job_id = producer.enqueue(Canary(note="hello")).job_id
    for _ in range(2):
        tried = take(client)
        deliveries.begin(tried)
        deliveries.retry(tried, delay=NOW, error="away")
        schedule.promote()
    last = take(client)
    deliveries.begin(last)
    deliveries.bury(last, reason=Reason.ATTEMPTS, error="after 3 attempts: away")

    decided = dead_letters.requeue([job_id])

    assert (decided.job_ids, decided.refused) == ([job_id], {})
    assert (dead_letters.count(), dead_letters.find(job_id)) == (0, None)
    ready = status_of(producer, job_id)
    assert (ready.state, ready.attempts, ready.error, ready.ended_at) == (State.READY, 0, None, None)
    again = take(client)
    assert again.request["args"] == [{"v": 1, "ask": "maintenance", "note": "hello"}]
    assert deliveries.begin(again) == Begun(attempt=1, crashes=0)
    deliveries.finish(again, outcome="answered", result={})
    assert status_of(producer, job_id).state is State.DONE


def test_a_requeued_letter_may_fail_and_be_tried_again(
    producer: Producer, client: Redis, deliveries: Deliveries, dead_letters: DeadLetters, schedule: Schedule
) -> None:
    job_id = bury(producer, client)
    dead_letters.requeue([job_id])
    first = take(client)
    deliveries.begin(first)

    deliveries.retry(first, delay=NOW, error="away")
    schedule.promote()

    assert deliveries.begin(take(client)) == Begun(attempt=2, crashes=0)


def test_a_killer_gets_all_its_starts_again(
    producer: Producer, client: Redis, deliveries: Deliveries, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client)
    client.hset(keys.record(job_id), "crashes", 3)

    dead_letters.requeue([job_id])

    assert deliveries.begin(take(client)) == Begun(attempt=1, crashes=0)


def test_a_requeued_letter_is_no_longer_among_those_that_ended_and_is_counted(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client)

    dead_letters.requeue([job_id])

    assert client.zscore(keys.ENDED, job_id) is None
    events = read_counts(client).queues["maintenance"].events
    assert (events["enqueued"], events["dead"], events["requeued"]) == (1, 1, 1)


def test_a_requeued_job_keeps_its_result_where_that_was_asked_for(
    producer: Producer, client: Redis, deliveries: Deliveries, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client, keyed())
    client.delete(keys.record(job_id))
    dead_letters.requeue([job_id])

    delivery = take(client, Queue.DOCUMENTS)
    deliveries.begin(delivery)
    deliveries.finish(delivery, outcome="inspected", result={"outcome": "inspected"})

    assert producer.result(job_id, timeout=0) == {"outcome": "inspected"}


@pytest.mark.parametrize("record", ["remembered", "forgotten"])
def test_a_requeued_job_has_its_key_again(
    producer: Producer, client: Redis, dead_letters: DeadLetters, record: str
) -> None:
    job_id = bury(producer, client, keyed())
    if record == "forgotten":
        client.delete(keys.record(job_id))

    dead_letters.requeue([job_id])

    again = producer.enqueue(keyed())
    assert (again.job_id, again.duplicate) == (job_id, True)
    assert producer.cancel(job_id)
    assert not producer.enqueue(keyed()).duplicate


def test_a_letter_whose_key_another_job_has_now_stays(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client, keyed())
    standing = producer.enqueue(keyed())

    decided = dead_letters.requeue([job_id])

    assert decided.job_ids == []
    assert decided.refused == {job_id: f"job {standing.job_id} has its key now"}
    assert dead_letters.find(job_id)
    assert client.llen("documents") == 1


def test_of_two_letters_with_one_key_one_goes_back(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    first, second = (bury(producer, client, keyed(), died_at_ms=died_at_ms) for died_at_ms in (1000, 1001))

    decided = dead_letters.requeue(Which())

    assert decided.job_ids == [first]
    assert decided.refused == {second: f"job {first} has its key now"}


def test_a_letter_whose_id_was_enqueued_anew_stays(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    job = Canary()
    bury(producer, client, job)
    client.delete(keys.record(job.job_id))
    producer.enqueue(job)

    decided = dead_letters.requeue([job.job_id])

    assert decided.refused == {job.job_id: "a job with its id was accepted since, and is ready"}
    assert client.llen("maintenance") == 1


def test_a_letter_whose_record_was_forgotten_gets_a_new_one(
    producer: Producer, client: Redis, deliveries: Deliveries, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client)
    client.delete(keys.record(job_id))

    dead_letters.requeue([job_id])

    status = status_of(producer, job_id)
    assert (status.kind, status.queue, status.state) == ("maintenance.canary", "maintenance", State.READY)
    assert client.ttl(keys.record(job_id)) > 0
    assert deliveries.begin(take(client)) == Begun(attempt=1, crashes=0)


@pytest.mark.parametrize(
    ("reason", "message", "why"),
    [
        (Reason.UNREADABLE, b"\xff\x00", "its message could not be read"),
        (Reason.PERMANENT, b"", "its message was not kept"),
        (Reason.PERMANENT, b"no JSON", "it is no message of Celery's"),
        (Reason.PERMANENT, b'{"headers": {}, "body": ""}', "it is no message of Celery's"),
        (Reason.PERMANENT, b'{"headers": {"task": ""}, "body": ""}', "it names no task"),
        (Reason.PERMANENT, b"[" * 100_000, "it is no message of Celery's"),
    ],
)
def test_what_could_not_run_again_stays_and_says_why(
    producer: Producer, client: Redis, dead_letters: DeadLetters, reason: Reason, message: bytes, why: str
) -> None:
    job_id = bury(producer, client, reason=reason)
    client.hset(keys.dead_letter(job_id), "message", message)

    decided = dead_letters.requeue([job_id])

    assert decided.refused == {job_id: f"it cannot run again: {why}"}
    assert dead_letters.count() == 1
    assert client.llen("maintenance") == 0


def test_a_letter_of_a_queue_that_is_none_stays(producer: Producer, client: Redis, dead_letters: DeadLetters) -> None:
    job_id = bury(producer, client)
    client.hset(keys.dead_letter(job_id), "queue", "unknown")

    assert dead_letters.requeue([job_id]).refused == {job_id: "it cannot run again: there is no queue 'unknown'"}


def test_a_stock_message_is_due_at_once_and_expires_no_more(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client)
    letter = dead_letters.find(job_id)
    assert letter
    envelope = json.loads(letter.message)
    envelope["headers"].update(eta="2020-01-01T00:00:00", expires="2020-01-01T00:00:00", retries=7, half="\ud800")
    client.hset(keys.dead_letter(job_id), "message", json.dumps(envelope))

    dead_letters.requeue([job_id])

    message = pop(client)
    assert message
    again = json.loads(message)
    assert again["body"] == envelope["body"]
    assert again["headers"] == {**envelope["headers"], "eta": None, "expires": None, "retries": 0}


def test_a_job_that_had_expired_starts_all_the_same_once_it_is_requeued(
    producer: Producer, client: Redis, deliveries: Deliveries, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client)
    client.hset(keys.record(job_id), "expires_at", 1)

    dead_letters.requeue([job_id])

    assert deliveries.begin(take(client)) == Begun(attempt=1, crashes=0)


def test_many_go_back_in_the_order_in_which_they_died(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    died = [bury(producer, client, died_at_ms=1000 + number) for number in range(BATCHES)]

    decided = dead_letters.requeue(Which())

    assert decided.job_ids == died
    assert [take(client).job_id for _ in died] == died
    assert dead_letters.count() == 0


@pytest.mark.parametrize("decision", ["requeue", "discard"])
def test_a_dry_run_says_the_same_and_changes_nothing(
    producer: Producer, client: Redis, dead_letters: DeadLetters, decision: str
) -> None:
    job_ids = [bury(producer, client, died_at_ms=1000 + number) for number in range(2)]
    meant = [*job_ids, "01JDDDDDDDDDDDDDDDDDDDDDDD"]
    before = everything(client)

    told = getattr(dead_letters, decision)(meant, dry_run=True)

    assert everything(client) == before
    assert told == getattr(dead_letters, decision)(meant)
    assert told.job_ids == job_ids
    assert told.refused == {meant[2]: "no dead letter has this id"}


def test_a_discarded_letter_is_gone_and_counted_and_its_record_still_says_how_it_ended(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client)

    assert dead_letters.discard([job_id, job_id]).job_ids == [job_id]

    assert (dead_letters.count(), dead_letters.find(job_id)) == (0, None)
    assert status_of(producer, job_id).state is State.DEAD
    assert read_counts(client).queues["maintenance"].events["discarded"] == 1
    assert dead_letters.discard([job_id]).refused == {job_id: "no dead letter has this id"}


def test_letters_are_selected_by_what_is_known_of_them(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    early = bury(producer, client, reason=Reason.ATTEMPTS, died_at_ms=1000)
    middle = bury(producer, client, Canary(ask=Queue.AUDIT), died_at_ms=2000)
    late = bury(producer, client, died_at_ms=3000)

    def selected(**meant: object) -> list[str]:
        return [letter.job_id for letter in dead_letters.select(Which(**meant))]  # type: ignore[arg-type]

    assert selected() == [late, middle, early]
    assert selected(kind="maintenance.canary") == [late, middle, early]
    assert selected(kind="email.signature_request") == []
    assert selected(queue="audit") == [middle]
    assert selected(reason=Reason.PERMANENT) == [late, middle]
    assert selected(reason=Reason.PERMANENT, queue="maintenance") == [late]
    assert selected(after=from_epoch_ms(2000)) == [late, middle]
    assert selected(before=from_epoch_ms(2000)) == [early]
    assert selected(after=from_epoch_ms(1500), before=from_epoch_ms(2500)) == [middle]
    assert [letter.job_id for letter in dead_letters.select(at_most=1)] == [late]


def test_only_what_a_filter_means_is_decided(producer: Producer, client: Redis, dead_letters: DeadLetters) -> None:
    stays = bury(producer, client, reason=Reason.ATTEMPTS)
    goes = bury(producer, client)

    assert dead_letters.discard(Which(reason=Reason.PERMANENT)).job_ids == [goes]

    assert [letter.job_id for letter in dead_letters.select()] == [stays]


def test_a_letter_that_died_again_since_it_was_looked_at_is_left_to_another_look(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    job_id = bury(producer, client)
    read = [job_id, 1, b"{}"]

    assert dead_letters._requeue(args=["0", *read]) == [[b"gone", b""]]
    assert dead_letters._discard(args=["0", *read[:2]]) == [[b"gone", b""]]

    assert dead_letters.find(job_id)


def test_an_event_of_the_ledger_is_not_doubled_by_a_requeue(
    producer: Producer, client: Redis, dead_letters: DeadLetters
) -> None:
    event = RecordEvent(action="document.viewed", occurred_at=NOON, entry_id="entry-1")
    bury(producer, client, event)

    dead_letters.requeue([event.job_id])
    dead_letters.requeue([event.job_id])

    assert client.llen("audit") == 1


def everything(client: Redis) -> dict[bytes, bytes]:
    return {key: client.dump(key) for key in client.scan_iter()}
