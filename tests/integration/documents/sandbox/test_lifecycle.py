"""Children come, are used again, are replaced, and never outlive whoever needed them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from buffrsign.core.errors import Transient
from buffrsign.documents.sandbox import Limits, Sandbox, SandboxBroken, Spent
from buffrsign.documents.sandbox.limits import MIB
from tests.support.hostile import MODULE
from tests.support.wait import wait_until


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])


def has_ended(pid: int) -> bool:
    """Also where nobody has waited for it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def opened(limits: Limits | None = None) -> Iterator[Sandbox]:
    sandbox = Sandbox(limits, readers=MODULE)
    yield sandbox
    sandbox.close()


class Interrupted(Exception):
    """What Celery's soft time limit raises, in miniature."""


@contextmanager
def interrupted_after(wait_s: float) -> Iterator[None]:
    """Raise in the middle of the block."""

    def interrupt(_number: int, _frame: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, wait_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_child_reads_many_files_and_is_replaced_after_its_share():
    with opened(Limits(files_per_child=3)) as sandbox:
        pids = [sandbox.read("pid_of_child", b"a file") for _ in range(7)]

        assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
        assert sandbox.forked == 3
        assert sandbox.killed == 0


def test_threads_have_a_child_each_at_most():
    with opened() as sandbox, ThreadPoolExecutor(4) as threads:
        words = [f"file {number}" for number in range(100)]

        found = list(threads.map(lambda word: sandbox.read("echo", word.encode()), words))

        assert found == words
        assert sandbox.forked <= 4


def test_nothing_is_left_after_close():
    with opened() as sandbox:
        child = int(sandbox.read("pid_of_child", b"a file"))
        zygote = parent_of(child)

    assert has_ended(child)
    assert has_ended(zygote)
    assert not Path(f"/proc/{child}").exists(), "the child was waited for"


def test_a_sandbox_that_was_closed_opens_again():
    with opened() as sandbox:
        sandbox.read("echo", b"a file")
        sandbox.close()

        assert sandbox.read("echo", b"another") == "another"


def test_nothing_is_left_when_the_worker_is_killed_in_the_middle_of_a_file():
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.support.sandbox_to_kill"], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout
    child = int(worker.stdout.readline())
    zygote = parent_of(child)

    worker.kill()
    worker.communicate()

    wait_until(lambda: has_ended(zygote), "the zygote's end")
    wait_until(lambda: has_ended(child), "the end of the child that hangs")


def test_a_zygote_that_was_killed_takes_its_children_along_and_is_replaced():
    with opened() as sandbox:
        child = int(sandbox.read("pid_of_child", b"a file"))
        os.kill(parent_of(child), signal.SIGKILL)
        wait_until(lambda: has_ended(child), "the child's end")

        with pytest.raises(SandboxBroken) as broken:
            sandbox.read("echo", b"a file")

        assert isinstance(broken.value, Transient)
        assert sandbox.read("echo", b"a file") == "a file"


def test_an_idle_child_that_was_killed_costs_no_file_anything():
    with opened() as sandbox:
        child = int(sandbox.read("pid_of_child", b"a file"))
        os.kill(child, signal.SIGKILL)

        assert sandbox.read("echo", b"a file") == "a file"


def test_an_interrupted_call_ends_its_child_and_leaves_the_others_alone():
    with opened(Limits(wall_s=60)) as sandbox:
        child = int(sandbox.read("pid_of_child", b"a file"))

        with pytest.raises(Interrupted), interrupted_after(0.3):
            sandbox.read("sleep", b"a file")

        assert has_ended(child)
        assert sandbox.killed == 0
        assert sandbox.read("echo", b"another") == "another"


def test_a_fork_of_the_worker_has_a_sandbox_of_its_own():
    with opened() as sandbox:
        ours = sandbox.read("pid_of_child", b"a file")
        reader, writer = os.pipe()

        pid = os.fork()
        if not pid:
            theirs = sandbox.read("pid_of_child", b"a file")
            sandbox.close()
            os.write(writer, theirs.encode())
            os._exit(0)
        os.waitpid(pid, 0)

        theirs = os.read(reader, 100).decode()
        os.close(reader)
        os.close(writer)
        assert theirs not in {"", ours}
        assert sandbox.read("pid_of_child", b"a file") == ours


def test_what_a_file_took_is_told_and_does_not_count_for_the_next_one():
    spent: list[Spent] = []
    sandbox = Sandbox(readers=MODULE, observe=spent.append)
    sandbox.read("return_much", b"a file", mib=20)
    sandbox.read("echo", b"another")
    sandbox.read("take_and_leave", b"a killer", mib=40)
    sandbox.close()

    # The killer was read twice, the second time in a fresh child.
    assert [each.reader for each in spent] == ["return_much", "echo", "take_and_leave", "take_and_leave"]
    assert sandbox.forked == 2
    much, little, killed, killed_fresh = (each.peak_bytes / MIB for each in spent)
    assert 20 <= much < 100
    assert little < 5
    assert 40 <= killed < 100  # with what the child kept of the files before
    assert 40 <= killed_fresh < 60
