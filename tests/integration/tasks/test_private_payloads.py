"""Private payloads on live workers, ours and a stock one: what they open, what they refuse, and what they write."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from buffrsign import Producer, State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.contracts import End
from tests.support.private import GONE, NEW, OLD, PrivateBroker, cipher_of
from tests.support.programs import ROOT, START_S, running, worker
from tests.support.records import whole
from tests.support.stage import Stage, raised_stage
from tests.support.stock import MARK
from tests.support.wait import wait_until

QUEUE = "maintenance"
CHECK = """
import os
from config.settings import load
from workers.health import stop_if_unfit
stop_if_unfit(load({name: value for name, value in os.environ.items() if name.startswith("BUFFRSIGN_")}))
print("goes on")
"""


@pytest.fixture(scope="module")
def stage(live_broker: TestBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Its worker's keys are in rotation."""
    with raised_stage(PrivateBroker.at(live_broker, {**NEW, **OLD}), tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@contextmanager
def producing_with(broker: TestBroker, key: dict[str, bytes]) -> Iterator[Producer]:
    producer = Producer(broker.broker_url, key_secret=KEY_SECRET, cipher=cipher_of(key))
    yield producer
    producer.close()


@pytest.mark.any_transport
@pytest.mark.parametrize("key", [OLD, NEW], ids=["old", "new"])
def test_a_job_is_done_with_any_key_that_its_worker_has(stage: Stage, key: dict[str, bytes]) -> None:
    with producing_with(stage.broker, key) as producer:
        handle = producer.enqueue(stage.job(End.RETURNS), keep_result=True)

        assert handle.result(timeout=20)["outcome"] == "run 1"


@pytest.mark.any_transport
def test_another_try_has_the_new_key(stage: Stage) -> None:
    with producing_with(stage.broker, OLD) as producer:
        handle = producer.enqueue(stage.job(End.TRANSIENT), delay=timedelta(0))
    stage.wait_for(handle.job_id, State.DEAD)

    letter = stage.dead_letter(handle.job_id)

    assert letter.reason is Reason.ATTEMPTS
    assert json.loads(letter.message)["headers"]["payload_key"] == "new"
    assert str(stage.folder) not in letter.message.decode()


@pytest.mark.any_transport
def test_a_job_in_clear_is_done_too(stage: Stage) -> None:
    handle = stage.play(End.TRANSIENT, End.RETURNS)

    assert stage.wait_for_end(handle.job_id).outcome == "run 2"


@pytest.mark.any_transport
@pytest.mark.parametrize(
    ("key", "why"),
    [(GONE, "the key gone, and known here are: new, old"), ({"old": NEW["new"]}, "does not open with the key old")],
    ids=["gone", "wrong"],
)
def test_a_job_whose_key_is_not_here_is_a_dead_letter(stage: Stage, key: dict[str, bytes], why: str) -> None:
    with producing_with(stage.broker, key) as producer:
        handle = producer.enqueue(stage.job(End.RETURNS))
    stage.wait_for(handle.job_id, State.DEAD)

    letter = stage.dead_letter(handle.job_id)

    assert (letter.reason, letter.kind) == (Reason.PAYLOAD_UNREADABLE, "test.scripted")
    assert why in letter.error
    assert stage.runs(handle.job_id) == 0


@pytest.mark.any_transport
def test_a_body_that_was_moved_to_another_job_s_message_is_not_done(stage: Stage) -> None:
    with producing_with(stage.broker, NEW) as producer:
        victim = producer.enqueue(stage.job(End.RETURNS), delay=timedelta(hours=1))
        other = producer.enqueue(stage.job(End.RETURNS), delay=timedelta(hours=1))
        records = [whole(stage.broker.client, handle.job_id) for handle in (victim, other)]
        first, second = (json.loads(stage.broker.client.hget(record, "message")) for record in records)
        first["body"] = second["body"]
        stage.broker.client.hset(records[0], "message", json.dumps(first))

        producer.run_now(victim.job_id)

    stage.wait_for(victim.job_id, State.DEAD)
    assert "encrypted for another job" in stage.dead_letter(victim.job_id).error
    assert stage.producer.cancel(other.job_id)


@pytest.mark.any_transport
def test_a_worker_takes_up_again_what_waited_for_its_key(broker: TestBroker, tmp_path: Path) -> None:
    with raised_stage(PrivateBroker.at(broker, NEW), tmp_path / "before") as stage:
        with producing_with(broker, GONE) as producer:
            handle = producer.enqueue(stage.job(End.RETURNS))
        stage.wait_for(handle.job_id, State.DEAD)

    with raised_stage(PrivateBroker.at(broker, {**NEW, **GONE}), tmp_path / "after") as stage:
        decided = DeadLetters(broker.client).requeue([handle.job_id])

        assert decided.job_ids == [handle.job_id]
        assert stage.wait_for_end(handle.job_id).state is State.DONE


@pytest.mark.any_transport
def test_a_worker_that_requires_encryption_keeps_what_came_in_clear_as_a_dead_letter(
    broker: TestBroker, tmp_path: Path
) -> None:
    private = PrivateBroker.at(broker, NEW, BUFFRSIGN_REQUIRE_ENCRYPTED="1")
    with (
        running(private, tmp_path, {"worker": worker(QUEUE, app="tests.support.app")}),
        producing_with(broker, NEW) as producer,
    ):
        stage = Stage(producer, private, tmp_path)
        encrypted = stage.play(End.RETURNS)
        plain = Producer(broker.broker_url, key_secret=KEY_SECRET)
        in_clear = plain.enqueue(stage.job(End.RETURNS))
        plain.close()

        assert stage.wait_for_end(encrypted.job_id).state is State.DONE
        stage.wait_for(in_clear.job_id, State.DEAD)

        letter = stage.dead_letter(in_clear.job_id)
        assert letter.reason is Reason.NOT_ENCRYPTED
        assert "BUFFRSIGN_REQUIRE_ENCRYPTED=1" in letter.error


def test_a_stock_worker_with_the_key_does_our_job_and_its_next_try_is_encrypted(
    broker: TestBroker, tmp_path: Path
) -> None:
    commands = {"stock": worker(QUEUE, app="tests.support.stock")}
    with producing_with(broker, NEW) as producer, running(PrivateBroker.at(broker, NEW), tmp_path, commands):
        stage = Stage(producer, broker, tmp_path)
        job = stage.job(End.TRANSIENT, End.RETURNS)
        producer.enqueue(job)

        wait_until(lambda: stage.runs(job.job_id) == 2, "two runs", timeout_s=START_S)

        assert Path(job.journal).read_text().startswith(MARK)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ({}, "a Celery worker without keys took it"),
        (OLD, "encrypted with the key new, and known here are: old"),
        ({"new": OLD["old"]}, "does not open with the key new"),
    ],
    ids=["missing", "retired", "wrong"],
)
def test_a_stock_worker_with_our_consumer_keeps_what_it_cannot_open(
    broker: TestBroker, tmp_path: Path, key: dict[str, bytes], why: str
) -> None:
    commands = {"stock": worker(QUEUE, app="tests.support.stock")}
    without = PrivateBroker.at(broker, key, TESTS_KEEPS="1")
    if not key:
        del without.changes["BUFFRSIGN_PAYLOAD_KEYS"]
    with producing_with(broker, NEW) as producer:
        stage = Stage(producer, broker, tmp_path)
        job = stage.job(End.RETURNS)
        producer.enqueue(job)
        with running(without, tmp_path, commands):
            stage.wait_for(job.job_id, State.DEAD)

        letter = stage.dead_letter(job.job_id)
        assert letter.reason is Reason.PAYLOAD_UNREADABLE
        assert why in letter.error
        assert stage.runs(job.job_id) == 0

        assert DeadLetters(broker.client).requeue([job.job_id]).job_ids == [job.job_id]
        with running(PrivateBroker.at(broker, NEW), tmp_path, commands):
            wait_until(lambda: stage.runs(job.job_id) == 1, "a worker with the key to run it", timeout_s=START_S)


PUBLISH = """
from workers.app import app
app.send_task("email.signature_request", args=[{}], queue="email", ignore_result=True)
"""


def test_an_application_of_ours_publishes_nothing_in_clear_to_a_broker_elsewhere(
    broker: TestBroker, tmp_path: Path
) -> None:
    elsewhere = {"BUFFRSIGN_BROKER_URL": "redis://broker.invalid:6379/0", "BUFFRSIGN_JOB_KEY_SECRET": KEY_SECRET}

    ended = subprocess.run(
        [sys.executable, "-c", PUBLISH],
        cwd=ROOT,
        env={**broker.environment(tmp_path), **elsewhere},
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
    )

    assert ended.returncode == 1
    assert "needs cipher=, so that nobody there reads payloads (BUFFRSIGN_PAYLOAD_KEYS)" in ended.stderr


@pytest.mark.parametrize(
    "program",
    [
        ["celery", "-A", "workers.app", "worker", "-Q", "email"],
        ["celery", "-A", "workers.app", "beat"],
        [sys.executable, "-m", "workers.scheduler"],
    ],
    ids=["worker", "beat", "scheduler"],
)
def test_every_program_refuses_a_broker_elsewhere_without_keys(
    broker: TestBroker, tmp_path: Path, program: list[str]
) -> None:
    elsewhere = {"BUFFRSIGN_BROKER_URL": "redis://broker.invalid:6379/0", "BUFFRSIGN_JOB_KEY_SECRET": KEY_SECRET}
    environment = {**broker.environment(tmp_path), **elsewhere}
    first = shutil.which(program[0], path=f"{Path(sys.executable).parent}:{environment['PATH']}")
    assert first

    ended = subprocess.run(
        [first, *program[1:]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
    )

    assert ended.returncode != 0
    assert "needs cipher=" in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({}, "needs cipher=, so that nobody there reads payloads (BUFFRSIGN_PAYLOAD_KEYS)"),
        ({"BUFFRSIGN_ALLOW_PLAIN_PAYLOADS": "1"}, "goes on"),
    ],
    ids=["refused", "allowed"],
)
def test_a_program_starts_on_a_broker_elsewhere_with_keys_or_leave(
    broker: TestBroker, tmp_path: Path, setting: dict[str, str], said: str
) -> None:
    elsewhere = {"BUFFRSIGN_BROKER_URL": "redis://broker.invalid:6379/0", "BUFFRSIGN_JOB_KEY_SECRET": KEY_SECRET}
    environment = {**broker.environment(tmp_path), **elsewhere, **setting}

    ended = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
    )

    assert said in ended.stdout + ended.stderr
