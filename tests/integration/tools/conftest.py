"""A live worker of scripted jobs, programs that know Celery and nothing of us, and Flower; shared by a module."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery

from tests.support.broker import TestBroker
from tests.support.contracts import End
from tests.support.flower import Flower, running_flower
from tests.support.programs import ROOT
from tests.support.stage import Stage, raised_stage
from tests.support.strangers import stranger
from tests.support.wait import wait_until

CommandLine = Callable[..., Any]
WORKER = f"maintenance@{socket.gethostname()}"


@pytest.fixture(scope="module")
def stage(live_broker: TestBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with raised_stage(live_broker, tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture(scope="module")
def stock(stage: Stage) -> Iterator[Celery]:
    """An application of somebody else's, on the same Redis, by kombu's own transport."""
    url = stage.broker.broker_url
    with stranger(url, backend=url) as app:
        yield app


@pytest.fixture(scope="module")
def flower(stage: Stage) -> Iterator[Flower]:
    with running_flower(stage.broker, stage.folder) as flower:
        yield flower


@pytest.fixture(scope="module")
def celery(stage: Stage) -> CommandLine:
    """`celery("inspect", "active")`: the command as an operator calls it, with the JSON that it prints."""

    def run(*arguments: str) -> Any:
        one = ["--destination", WORKER, "--timeout", "10"]  # a named worker is waited for, and not the time
        command = [sys.executable, "-m", "celery", "-A", "workers.app", *arguments, "--json", *one]
        environment = stage.broker.environment(stage.folder)
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=50
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return run


@pytest.fixture
def busy(stage: Stage) -> Iterator[list[str]]:
    """Jobs that keep every process of the worker busy until the test is over."""
    job_ids = [stage.play(End.WAITS).job_id for _ in range(2)]
    wait_until(lambda: all(stage.runs(job_id) for job_id in job_ids), "the worker to be busy")
    yield job_ids
    for job_id in job_ids:
        stage.let_go(job_id)
        stage.wait_for_end(job_id)
