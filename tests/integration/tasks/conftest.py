"""Two ways to run tasks: a live worker of the tests' own jobs, shared by the folder, or a direct call with services."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from buffrsign.documents.sandbox import Sandbox
from buffrsign.testing import RecordingProducer
from config.services import Services
from tests.support.broker import TestBroker
from tests.support.clock import StoppedClock
from tests.support.family import family_services, use_mail_server
from tests.support.stage import Stage, Stages, Way
from workers.smtp_catcher import SmtpCatcher

WAYS = [Way.PREFORK] if os.environ.get("BUFFRSIGN_BROKER_TRANSPORT") == "stock" else list(Way)


@pytest.fixture(scope="session", params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """Every test of what Celery does with a job runs on each path that a job may take."""
    return Way(request.param)


@pytest.fixture(scope="session")
def stages(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    stages = Stages(server, tmp_path_factory.mktemp)
    yield stages
    stages.end()


@pytest.fixture(scope="module")
def stage(stages: Stages, way: Way) -> Stage:
    """Shared by the modules, one for each way."""
    return stages.of(way)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the stage once the next test is not played on one."""
    played: Stages | None = getattr(item, "funcargs", {}).get("stages")
    if played and not (nextitem and "stages" in getattr(nextitem, "fixturenames", ())):
        played.end()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def enqueued(clock: StoppedClock) -> RecordingProducer:
    """Keeps what the tasks enqueue."""
    return RecordingProducer(clock=clock)


@pytest.fixture
def services(
    broker: TestBroker, tmp_path: Path, enqueued: RecordingProducer, clock: StoppedClock
) -> Iterator[Services]:
    """What a task is handed."""
    with family_services(broker, tmp_path, producer=enqueued, clock=clock) as services:
        yield services


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all tests of a module: starting it takes longer than most of them."""
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def shared_sandbox(services: Services, sandbox: Sandbox) -> Iterator[None]:
    """The services read documents there, and do not close it."""
    services.sandbox = sandbox
    yield
    del services.sandbox


@pytest.fixture
def mail(services: Services, tmp_path: Path) -> Iterator[SmtpCatcher]:
    """A mail server that takes every letter."""
    with SmtpCatcher(tmp_path / "mail") as catcher:
        use_mail_server(services, catcher.address[1])
        yield catcher
