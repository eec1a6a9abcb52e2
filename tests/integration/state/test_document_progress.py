"""How far a document is: what each step says is kept, and the end is expected by what steps took before."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec

from buffrsign.core.clock import to_epoch_ms
from buffrsign.producer import connect
from buffrsign.state.document_status import STEP_TIMES_TTL, DocumentStatus, DocumentStatuses, Planned, StepState
from buffrsign.state.keys import DOCUMENT_CHANNEL_PREFIX, STEP_TIMES
from tests.support.clock import NOON, StoppedClock
from tests.support.wait import wait_until

PLAN = (
    Planned("inspect", stage=1, share=40),
    Planned("thumbnails", stage=2, share=20),
    Planned("fields", stage=2, share=10),
    Planned("compliance", stage=3, share=30),
)
KIB = 1024


def advance(
    statuses: DocumentStatuses,
    step: str,
    progress: int,
    *,
    document_id: str = "doc_7",
    version: int = 1,
    size_bytes: int = 10 * KIB,
    pages: int | None = None,
) -> DocumentStatus | None:
    return statuses.advance(
        document_id,
        state="processing",
        step=step,
        progress=progress,
        version=version,
        plan=PLAN,
        size_bytes=size_bytes,
        pages=pages,
    )


def walk(statuses: DocumentStatuses, clock: StoppedClock, *, seconds: int = 1, pages: int = 3, name: str = "x") -> None:
    """Take a document all the way; its steps take one, two, three and four times as long."""
    advance(statuses, "inspect", 10, document_id=name)
    clock.advance(timedelta(seconds=seconds))
    advance(statuses, "inspect", 100, document_id=name, pages=pages)
    clock.advance(timedelta(seconds=2 * seconds))
    advance(statuses, "thumbnails", 100, document_id=name)
    clock.advance(timedelta(seconds=seconds))
    advance(statuses, "fields", 100, document_id=name)
    clock.advance(timedelta(seconds=4 * seconds))
    statuses.publish(name, state="ready", step="compliance", progress=100, version=1)


def left_s(status: DocumentStatus | None, clock: StoppedClock) -> float:
    """How long the document is expected to take from now."""
    assert status
    assert status.expected_at_ms is not None
    return (status.expected_at_ms - to_epoch_ms(clock())) / 1000


def test_every_step_is_listed_from_the_first_word_on_and_found_again(statuses):
    said = advance(statuses, "inspect", 25)

    assert statuses.find("doc_7") == said
    assert {name: (step.state, step.progress) for name, step in said.steps.items()} == {
        "inspect": (StepState.RUNNING, 25),
        "thumbnails": (StepState.WAITING, 0),
        "fields": (StepState.WAITING, 0),
        "compliance": (StepState.WAITING, 0),
    }


def test_progress_counts_each_step_by_its_share(statuses):
    words = [("inspect", 25), ("inspect", 100), ("fields", 50), ("thumbnails", 100), ("fields", 100)]

    assert [advance(statuses, *word).progress for word in words] == [10, 40, 45, 65, 70]


def test_progress_never_goes_back(statuses):
    advance(statuses, "inspect", 100)

    repeated = advance(statuses, "inspect", 10)

    assert (repeated.progress, repeated.steps["inspect"].state) == (40, StepState.DONE)


def test_a_document_is_not_said_to_be_done_before_it_is_concluded(statuses):
    for planned in PLAN:
        last = advance(statuses, planned.step, 100)

    assert last.progress == 99


def test_workers_that_speak_at_once_do_not_lose_each_others_steps(broker, client, clock):
    def speak(step: str) -> None:
        with connect(broker.state_url) as connection:
            for percent in range(1, 101):
                advance(DocumentStatuses(connection, clock=clock), step, percent)

    watcher = client.pubsub(ignore_subscribe_messages=True)
    watcher.subscribe(f"{DOCUMENT_CHANNEL_PREFIX}doc_7")
    watcher.get_message(timeout=1)
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(speak, ["inspect", "thumbnails", "fields"]))

    heard = [wait_until(lambda: watcher.get_message(timeout=1), "every word") for _ in range(300)]
    seen = [msgspec.json.decode(message["data"], type=DocumentStatus).progress for message in heard]
    found = DocumentStatuses(client, clock=clock).find("doc_7")
    watcher.close()
    assert [found.steps[step].state for step in ("inspect", "thumbnails", "fields")] == [StepState.DONE] * 3
    assert seen == sorted(seen)
    assert seen[-1] == 70


def test_an_older_version_says_nothing_and_a_newer_one_begins_anew(statuses):
    advance(statuses, "inspect", 100, version=2, pages=9)

    assert advance(statuses, "thumbnails", 100, version=1) is None
    assert statuses.publish("doc_7", state="held", step="inspect", progress=100, version=1) is None
    newer = advance(statuses, "inspect", 25, version=3)

    assert (newer.version, newer.progress, newer.pages) == (3, 10, None)


def test_a_step_that_comes_after_the_conclusion_says_nothing(statuses):
    advance(statuses, "inspect", 100)
    concluded = statuses.publish("doc_7", state="ready", step="compliance", progress=100, version=1)

    assert advance(statuses, "thumbnails", 100) is None
    assert statuses.find("doc_7") == concluded


def test_a_deletion_is_said_of_whichever_version_is_there(statuses):
    advance(statuses, "inspect", 100, version=4)

    deleted = statuses.publish("doc_7", state="deleted", step="retention", progress=100, reason="expired")

    assert (deleted.state, deleted.version, deleted.expected_at_ms) == ("deleted", 4, None)


def test_no_end_is_expected_until_every_step_was_seen(statuses, clock):
    first = advance(statuses, "inspect", 25)
    walk(statuses, clock)
    second = advance(statuses, "inspect", 25, document_id="doc_8")

    assert first.expected_at_ms is None
    assert left_s(second, clock) == 1 + 3 + 4  # fields take longer than thumbnails, beside which they run


def test_the_expected_end_moves_with_what_is_done(statuses, clock):
    walk(statuses, clock)
    advance(statuses, "inspect", 25)

    clock.advance(timedelta(seconds=5))
    late = advance(statuses, "inspect", 100, pages=3)
    clock.advance(timedelta(seconds=1))
    under_way = advance(statuses, "thumbnails", 100)
    clock.advance(timedelta(seconds=60))
    overdue = advance(statuses, "fields", 50)

    assert left_s(late, clock) + 61 == 3 + 4
    assert left_s(under_way, clock) + 60 == 2 + 4
    assert left_s(overdue, clock) == 4, "an overdue step is expected to end at once"


def test_a_concluded_document_is_no_longer_expected(statuses, clock):
    walk(statuses, clock)

    assert statuses.find("x").expected_at_ms is None


def test_documents_of_one_size_say_little_about_those_of_another(statuses, clock):
    for number in range(3):
        walk(statuses, clock, pages=3, name=f"small {number}")
        walk(statuses, clock, pages=900, seconds=10, name=f"large {number}")

    small = advance(statuses, "inspect", 100, pages=2, document_id="small")
    large = advance(statuses, "inspect", 100, pages=800, document_id="large")

    assert (left_s(small, clock), left_s(large, clock)) == (7, 70)


def test_what_was_seen_last_counts_for_a_tenth_at_least(statuses, clock):
    for number in range(20):
        walk(statuses, clock, name=f"before {number}")
    for number in range(40):
        walk(statuses, clock, seconds=2, name=f"since {number}")

    said = advance(statuses, "inspect", 100, pages=3)

    assert 14 > left_s(said, clock) > 13.8


def test_a_document_that_is_held_for_a_reason_teaches_nothing(statuses, clock, client):
    advance(statuses, "inspect", 25)
    clock.advance(timedelta(seconds=9))

    statuses.publish("doc_7", state="held", step="inspect", progress=100, reason="damaged", version=1)

    assert client.exists(STEP_TIMES) == 0


def test_times_of_steps_are_kept_for_a_month_after_the_last(statuses, clock, client):
    walk(statuses, clock)
    client.expire(STEP_TIMES, 5)

    walk(statuses, clock, name="another")

    assert 0 <= STEP_TIMES_TTL.total_seconds() - client.ttl(STEP_TIMES) < 60
    assert client.hget(STEP_TIMES, "fields:pages<4") == b"3000.0 2"
    assert client.hget(STEP_TIMES, "fields:KiB<16") == b"3000.0 2"
    assert client.hget(STEP_TIMES, "fields:any") == b"3000.0 2"


def test_the_status_of_a_worker_of_the_release_before_is_read_and_followed(statuses, client):
    older = {"document_id": "doc_7", "state": "processing", "step": "inspect", "progress": 10, "reason": ""}
    client.set("buffrsign:document:doc_7", msgspec.json.encode({**older, "updated_at_ms": to_epoch_ms(NOON)}), ex=60)

    found = statuses.find("doc_7")
    followed = advance(statuses, "inspect", 100)

    assert (found.progress, found.steps) == (10, {})
    assert followed.progress == 40
