"""The guard ends process groups whose starter is gone: `kill -9` of a demo or a test leaves no server behind.

It reads `+PID` and `-PID` lines from a pipe. When the pipe closes, because its writer stopped or died, it ends every
group that is still on its list. Started by `workers.processes`, once per starter.
"""

import os
import signal
import sys
import time
from contextlib import suppress

GRACE_S = 5.0
POLL_S = 0.05


def main() -> None:
    """Follow the pipe to its end, then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    guarded: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        (guarded.add if line.startswith("+") else guarded.discard)(pid)
    end_groups(guarded)


def end_groups(pids: set[int]) -> None:
    """Ask every group to end, and after `GRACE_S` make it."""
    _signal_all(pids, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and any(_lives(pid) for pid in pids):
        time.sleep(POLL_S)
    _signal_all(pids, signal.SIGKILL)


def _signal_all(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


def _lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
