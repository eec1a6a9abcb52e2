"""System calls that no reader needs, with their numbers on x86-64 and on ARM64 (None: it has no such call).

A list of what is denied and not of what is allowed: the latter changes with each release of libc, and a mistake in it
would end innocent files. What a process may do to itself is bounded by limits, so the list has what reaches out.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Numbers(NamedTuple):
    """One call's numbers."""

    x86_64: int | None
    aarch64: int | None


def _everywhere(number: int) -> Numbers:
    """Calls since Linux 5.1 have one number on all machines."""
    return Numbers(number, number)


_NETWORK = {
    "socket": Numbers(41, 198),
    "connect": Numbers(42, 203),
    "accept": Numbers(43, 202),
    "bind": Numbers(49, 200),
    "listen": Numbers(50, 201),
    "socketpair": Numbers(53, 199),
    "accept4": Numbers(288, 242),
    "io_uring_setup": _everywhere(425),  # it can do all of the above, and no filter sees it
}

_PROGRAMS = {
    "fork": Numbers(57, None),
    "vfork": Numbers(58, None),
    "execve": Numbers(59, 221),
    "execveat": Numbers(322, 281),
}

_OTHER_PROCESSES = {
    "kill": Numbers(62, 129),
    "ptrace": Numbers(101, 117),
    "rt_sigqueueinfo": Numbers(129, 138),
    "setpriority": Numbers(141, 140),
    "sched_setparam": Numbers(142, 118),
    "sched_setscheduler": Numbers(144, 119),
    "tkill": Numbers(200, 130),
    "sched_setaffinity": Numbers(203, 122),
    "rt_tgsigqueueinfo": Numbers(297, 240),
    "process_vm_readv": Numbers(310, 270),
    "process_vm_writev": Numbers(311, 271),
    "sched_setattr": Numbers(314, 274),
    "pidfd_send_signal": _everywhere(424),
    "pidfd_open": _everywhere(434),
    "pidfd_getfd": _everywhere(438),
}

_ATTRIBUTES_OF_FILES = {  # which Landlock leaves alone
    "chmod": Numbers(90, None),
    "fchmod": Numbers(91, 52),
    "chown": Numbers(92, None),
    "fchown": Numbers(93, 55),
    "lchown": Numbers(94, None),
    "utime": Numbers(132, None),
    "setxattr": Numbers(188, 5),
    "lsetxattr": Numbers(189, 6),
    "fsetxattr": Numbers(190, 7),
    "removexattr": Numbers(197, 14),
    "lremovexattr": Numbers(198, 15),
    "fremovexattr": Numbers(199, 16),
    "utimes": Numbers(235, None),
    "fchownat": Numbers(260, 54),
    "futimesat": Numbers(261, None),
    "fchmodat": Numbers(268, 53),
    "utimensat": Numbers(280, 88),
    "fchmodat2": _everywhere(452),
    "setxattrat": _everywhere(463),
    "removexattrat": _everywhere(466),
}

_KERNEL = {
    "shmget": Numbers(29, 194),  # memory that no limit counts
    "mount": Numbers(165, 40),
    "add_key": Numbers(248, 217),
    "request_key": Numbers(249, 218),
    "keyctl": Numbers(250, 219),
    "unshare": Numbers(272, 97),
    "perf_event_open": Numbers(298, 241),
    "setns": Numbers(308, 268),
    "bpf": Numbers(321, 280),
    "userfaultfd": Numbers(323, 282),
}

DENIED: Mapping[str, Numbers] = {**_NETWORK, **_PROGRAMS, **_OTHER_PROCESSES, **_ATTRIBUTES_OF_FILES, **_KERNEL}
"""Ends its caller."""

CLONE = Numbers(56, 220)
"""Allowed for a further thread, with which HEIC is decoded: it is under the same limits as the process."""

CLONE3 = _everywhere(435)
"""Fails as on a kernel without it, so that libc calls `clone`: its flags lie where no filter looks, in memory."""

TGKILL = Numbers(234, 131)
"""Allowed to oneself, which is how `abort` ends."""

PRLIMIT64 = Numbers(302, 261)
"""Allowed to oneself, which is how limits are set for each file."""

PRCTL = Numbers(157, 167)
"""Fails: it could undo that the child dies with its parent."""

SOCKET = DENIED["socket"]
MEMFD_CREATE, FALLOCATE = Numbers(319, 279), Numbers(285, 47)
ACCESS, FACCESSAT = Numbers(21, None), Numbers(269, 48)
