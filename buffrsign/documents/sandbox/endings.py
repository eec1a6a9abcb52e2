"""What a child's end says about the file that it was reading."""

import os
import signal

import msgspec

from buffrsign.documents.outcome import Reason
from buffrsign.documents.sandbox.wire import Ended

_NAMED = frozenset(signal.Signals)
_REASONS: dict[int, Reason] = {
    signal.SIGPROF: Reason.RESOURCE_LIMIT,  # our timer: the file's processor time is spent
    signal.SIGXCPU: Reason.RESOURCE_LIMIT,
    signal.SIGKILL: Reason.RESOURCE_LIMIT,  # not ours, then the kernel's, which had no memory left
    signal.SIGABRT: Reason.RESOURCE_LIMIT,  # PDFium, which got no memory
    signal.SIGSYS: Reason.ACTIVE_CONTENT,  # a system call that reaches out
}


class Killed(msgspec.Struct, frozen=True):
    """A child ended, or had to be ended, over a file."""

    reason: Reason
    ended: Ended


def reason_of(status: int) -> Reason:
    """The reason behind a wait status; any other signal, and an exit, is a crash: the file is damaged."""
    if not os.WIFSIGNALED(status):
        return Reason.DAMAGED
    return _REASONS.get(os.WTERMSIG(status), Reason.DAMAGED)


def name_of(status: int) -> str:
    """How the child ended, for the log: `SIGSEGV`, or `exit 1`."""
    if not os.WIFSIGNALED(status):
        return f"exit {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    return signal.Signals(number).name if number in _NAMED else f"signal {number}"
