"""Counts the fsyncs of a running process with strace, or says that nobody can."""

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Counter = Callable[[], int]
ATTACH_TIMEOUT_S = 5.0
_CALL = re.compile(r"\b(?:fsync|fdatasync)\(\d+\)\s+=\s+0|<\.\.\. (?:fsync|fdatasync) resumed>.*=\s+0")


@contextmanager
def fsync_counter(pid: int) -> Iterator[Counter | None]:
    """A function that tells how many fsyncs this process and its threads ended so far; None without strace."""
    strace = shutil.which("strace")
    if strace is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "strace.log"
        command = [strace, "-f", "-e", "trace=fsync,fdatasync", "-o", str(log), "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
            try:
                yield (lambda: count_fsyncs(log.read_text())) if _is_attached(process, pid) else None
            finally:
                process.send_signal(signal.SIGINT)


def count_fsyncs(log: str) -> int:
    """How many fsyncs ended well, by strace's own words."""
    return sum(1 for line in log.splitlines() if _CALL.search(line))


def _is_attached(process: "subprocess.Popen[str]", pid: int) -> bool:
    """Whether it may look: containers often forbid it."""
    deadline = time.monotonic() + ATTACH_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        tracers = [_tracer(task) for task in Path(f"/proc/{pid}/task").iterdir()]
        if all(tracers):
            return True
        time.sleep(0.01)
    return False


def _tracer(task: Path) -> int:
    found = re.search(r"^TracerPid:\s+(\d+)", (task / "status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
