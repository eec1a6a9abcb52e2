"""A live worker of the queue `documents`, with children of its own (prefork), and files that would kill it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from buffrsign.jobs.documents import InspectDocument
from config.services import Services
from config.settings import load
from tests.support import bombs, pdfs
from tests.support.broker import TestBroker
from tests.support.family import upload
from tests.support.programs import running, worker
from tests.support.wait import wait_until
from workers.processes import Processes

pytestmark = pytest.mark.any_transport


@pytest.fixture
def services(broker: TestBroker, tmp_path: Path) -> Iterator[Services]:
    environment = broker.environment(tmp_path)
    services = Services(load({name: value for name, value in environment.items() if name.startswith("BUFFRSIGN_")}))
    yield services
    services.close()


@pytest.fixture
def processes(broker: TestBroker, tmp_path: Path, services: Services) -> Iterator[Processes]:
    services.database  # noqa: B018 - made and migrated before the worker asks for it
    with running(broker, tmp_path, {"documents": worker("documents", concurrency=2)}) as processes:
        yield processes


def inspected(services: Services, data: bytes, document_id: str) -> str:
    """What the worker says of this file."""
    version = upload(services, data, document_id=document_id)
    job = InspectDocument(document_id=document_id, sha256=version.sha256)
    result = services.producer.enqueue(job, keep_result=True).result(timeout=60)
    return str(result["outcome"])


def zygotes(worker_pid: int) -> list[int]:
    """The zygotes of the worker's children."""
    parents, found = {}, []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if b"sandbox.zygote" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return [pid for pid in found if parents.get(parents.get(pid, 0)) == worker_pid]


def are_gone(pids: list[int]) -> bool:
    return not any(b"sandbox.zygote" in _command_of(pid) for pid in pids)


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_a_bomb_is_held_with_its_reason_and_the_next_file_is_read(processes, services):
    outcomes = [
        inspected(services, bombs.flate_in_flate(mib=300), "doc_bomb"),
        inspected(services, pdfs.plain(pages=2), "doc_plain"),
    ]

    assert outcomes == ["resource_limit", "2 pages"]
    assert services.catalog.document("doc_bomb").state_reason == "resource_limit"
    log = Path(processes._programs[0].log_path).read_text(encoding="utf-8")
    assert "WorkerLostError" not in log


def test_no_zygote_outlives_a_worker_that_stops(processes, services):
    inspected(services, pdfs.plain(), "doc_7")
    [program] = processes._programs
    started = zygotes(program.process.pid)

    processes.stop()

    assert started
    wait_until(lambda: are_gone(started), "the zygotes to end")


def test_no_zygote_outlives_a_child_of_the_pool_that_is_killed(processes, services):
    inspected(services, pdfs.plain(), "doc_7")
    [program] = processes._programs
    [zygote] = zygotes(program.process.pid)

    os.kill(int(Path(f"/proc/{zygote}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGKILL)

    wait_until(lambda: are_gone([zygote]), "the zygote to end")
    assert inspected(services, pdfs.plain(pages=3), "doc_8") == "3 pages"
