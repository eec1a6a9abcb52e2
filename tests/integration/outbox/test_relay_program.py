"""The relay as it is run: `python -m buffrsign.outbox_relay`."""

import json
import os
import subprocess
import sys

import pytest
from sqlalchemy import create_engine

from buffrsign.jobs.maintenance import Canary
from buffrsign.outbox_relay import OutboxUnavailable, Relay
from tests.support.broker import KEY_SECRET
from tests.support.bulks import waiting
from tests.support.clock import NOON
from tests.support.jobs import letter
from tests.support.outboxes import write
from tests.support.wait import wait_until


def test_the_relay_s_program_publishes_until_it_is_told_to_stop(engine, database, broker):
    ids = write(engine, Canary(), Canary())
    environment = {**os.environ, "BUFFRSIGN_BROKER_URL": broker.broker_url, "BUFFRSIGN_JOB_KEY_SECRET": KEY_SECRET}
    command = [sys.executable, "-m", "buffrsign.outbox_relay", "--database-url", database, "--json"]
    program = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: waiting(broker.client) == ids, "the relay to publish")
        ids += write(engine, Canary())
        wait_until(lambda: waiting(broker.client) == ids, "the relay to go on")
    finally:
        program.terminate()

    _nothing, logged = program.communicate(timeout=20)
    assert program.returncode == 0
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {line["event"] for line in lines} == {"outbox relayed"}
    assert sum(line["created"] for line in lines) == 3


@pytest.mark.parametrize(
    ("setting", "status", "said"),
    [
        ({}, 2, "needs cipher="),
        ({"BUFFRSIGN_PAYLOAD_KEYS": "new:c2hvcnQ="}, 2, "must have 32"),
        ({"BUFFRSIGN_MAX_READY": "many"}, 2, "invalid int value"),
    ],
    ids=["elsewhere without keys", "no keys", "no number"],
)
def test_the_relay_s_program_refuses_to_start_with_a_sentence(tmp_path, setting, status, said):
    broker = {"BUFFRSIGN_BROKER_URL": "redis://broker.invalid:6379/0", "BUFFRSIGN_JOB_KEY_SECRET": KEY_SECRET}
    command = [sys.executable, "-m", "buffrsign.outbox_relay", "--database-url", f"sqlite:///{tmp_path}/none.db"]

    ended = subprocess.run(
        command, env={**os.environ, **broker, **setting}, capture_output=True, text=True, check=False, timeout=30
    )

    assert ended.returncode == status
    assert said in ended.stderr
    assert "c2hvcnQ" not in ended.stderr


def test_the_relay_s_program_ends_where_its_key_secret_is_another_s(tmp_path, broker, producer):
    producer.enqueue(letter())
    environment = {"BUFFRSIGN_BROKER_URL": broker.broker_url, "BUFFRSIGN_JOB_KEY_SECRET": "another secret"}
    command = [sys.executable, "-m", "buffrsign.outbox_relay", "--database-url", f"sqlite:///{tmp_path}/none.db"]

    ended = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=30
    )

    assert ended.returncode == 1
    assert "BUFFRSIGN_JOB_KEY_SECRET" in ended.stderr


def test_a_database_without_an_outbox_is_said_to_be_unavailable(tmp_path, producer):
    engine = create_engine(f"sqlite:///{tmp_path}/none.db")

    with pytest.raises(OutboxUnavailable, match="OperationalError"):
        Relay(engine, producer, clock=lambda: NOON).relay()
    engine.dispose()
