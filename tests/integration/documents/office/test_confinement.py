"""What a LibreOffice that a document has taken over could do: this process tries it, as the child that becomes one."""

import ctypes
import os
import resource
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from buffrsign.documents.sandbox.libreoffice import OfficeLimits
from buffrsign.documents.sandbox.libreoffice.becoming import confine_to
from buffrsign.documents.sandbox.limits import MIB
from buffrsign.documents.sandbox.wire import Convert

LIMITS = OfficeLimits(memory_bytes=2048 * MIB, scratch_bytes=2 * MIB)


def tried(scratch: Path, attempt: Callable[[], object]) -> str:
    """What came of it in a confined fork: `done`, or the error's name and number."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        said = "nothing"
        try:
            program = str(Path(sys.executable).resolve())
            confined = confine_to(Convert(program, str(scratch), str(scratch / "document.docx"), "writer8", LIMITS))
            assert all(msgspec.structs.astuple(confined)), confined
            attempt()
            said = "done"
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to hear of it
            said = f"{type(error).__name__} {getattr(error, 'errno', '')}".strip()
        finally:
            os.write(writer, said.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        heard = answer.read().decode()
    os.waitpid(pid, 0)
    return heard


@pytest.fixture
def scratch(tmp_path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


@pytest.fixture
def listening(tmp_path):
    """Servers that answer whoever connects: by address, and by path."""
    with socket.create_server(("127.0.0.1", 0)) as by_address, socket.socket(socket.AF_UNIX) as by_path:
        by_path.bind(str(tmp_path / "server"))
        by_path.listen()
        yield by_address.getsockname(), str(tmp_path / "server")


def test_it_connects_to_nothing(scratch, listening):
    address, path = listening

    def by_path() -> None:
        with socket.socket(socket.AF_UNIX) as connecting:
            connecting.connect(path)

    socket.create_connection(address).close()
    assert tried(scratch, lambda: socket.create_connection(address)) == "PermissionError 1"
    assert tried(scratch, by_path) == "PermissionError 1"
    assert tried(scratch, lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) == "PermissionError 1"
    assert tried(scratch, socket.socketpair) == "PermissionError 1"


def test_its_own_socket_lies_in_its_folder_and_nowhere_else(scratch, tmp_path):
    def named(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.bind(str(path))
            waiting.listen()

    assert tried(scratch, lambda: named(scratch / "own")) == "done"
    assert tried(scratch, lambda: named(tmp_path / "other")) == "PermissionError 13"


def test_it_reads_no_file_of_ours_and_writes_only_its_own(scratch, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")

    assert tried(scratch, secret.read_text) == "PermissionError 13"
    assert tried(scratch, Path("/etc/passwd").read_text) == "PermissionError 13"
    assert tried(scratch, Path(f"/proc/{os.getpid()}/environ").read_bytes) == "PermissionError 13"
    assert tried(scratch, lambda: secret.write_text("was here")) == "PermissionError 13"
    assert tried(scratch, lambda: secret.rename(scratch / "mine")) in {"PermissionError 13", "OSError 18"}
    assert tried(scratch, lambda: secret.chmod(0o666)) == "PermissionError 1"
    assert tried(scratch, secret.unlink) == "PermissionError 13"
    assert tried(scratch, lambda: (scratch / "mine").write_text("own")) == "done"
    assert tried(scratch, lambda: (scratch / "mine").rename(scratch / "later")) == "done"
    assert secret.read_text() == "a secret"


def test_it_starts_nothing(scratch):
    true = shutil.which("true")
    assert true

    assert tried(scratch, os.fork) == "PermissionError 1"
    assert tried(scratch, lambda: os.posix_spawn(true, [true], {})) == "PermissionError 1"
    assert tried(scratch, lambda: os.execv(true, [true])) == "PermissionError 13"  # noqa: S606


def test_threads_it_may_have(scratch):
    def thread() -> None:
        started = Thread(target=lambda: None)
        started.start()
        started.join()

    assert tried(scratch, thread) == "done"


def test_it_touches_no_other_process(scratch):
    parent = os.getpid()

    assert tried(scratch, lambda: os.kill(parent, signal.SIGTERM)) == "PermissionError 1"
    assert tried(scratch, lambda: os.killpg(os.getpgrp(), signal.SIGTERM)) == "PermissionError 1"
    assert tried(scratch, lambda: resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1))) == "PermissionError 1"


def test_it_cannot_outlive_its_parent(scratch):
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_not_to_die() -> None:
        if libc.prctl(1, 0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")

    assert tried(scratch, ask_not_to_die) == "PermissionError 1"


def test_limits_hold(scratch):
    assert tried(scratch, lambda: bytearray(3000 * MIB)) == "MemoryError"
    assert tried(scratch, lambda: (scratch / "large").write_bytes(bytes(3 * MIB))) == "OSError 27"
    assert tried(scratch, lambda: resource.setrlimit(resource.RLIMIT_CPU, (10_000, 10_000))) == "ValueError"
    assert tried(scratch, lambda: [os.open(scratch, os.O_RDONLY) for _ in range(300)]) == "OSError 24"


def test_memory_and_space_that_no_limit_counts_are_out_of_reach(scratch):
    def reserve() -> None:
        with (scratch / "reserved").open("wb") as file:
            if ctypes.CDLL(None, use_errno=True).fallocate(file.fileno(), 0, 0, ctypes.c_long(MIB)) != 0:
                raise OSError(ctypes.get_errno(), "fallocate")

    assert tried(scratch, lambda: os.memfd_create("filled")) == "PermissionError 1"
    assert tried(scratch, reserve) == "OSError 95"
    assert tried(scratch, lambda: SharedMemory(create=True, size=MIB)) == "PermissionError 13"
