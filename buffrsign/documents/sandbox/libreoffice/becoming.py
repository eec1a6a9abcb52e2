"""A child of the zygote gives up what LibreOffice does not need, says what it gave up, and becomes LibreOffice."""

import math
import os
import resource
import signal
import socket
from pathlib import Path
from typing import NoReturn

from buffrsign.documents.sandbox import bpf, kernel, landlock
from buffrsign.documents.sandbox.landlock import (
    EXECUTE,
    MAKE_DIR,
    MAKE_REGULAR,
    MAKE_SOCKET,
    READ_DIR,
    READ_FILE,
    REFER,
    REMOVE_DIR,
    REMOVE_FILE,
    TRUNCATE,
    WRITE_FILE,
)
from buffrsign.documents.sandbox.libreoffice import filter as calls
from buffrsign.documents.sandbox.libreoffice.limits import OfficeLimits
from buffrsign.documents.sandbox.libreoffice.scratch import PDF, PROFILE, TEMPORARY
from buffrsign.documents.sandbox.wire import Begun, Confined, Convert, send

NEVER_BEGAN = 127

_READABLE = (
    *("/usr", "/lib", "/lib64", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime", "/var/cache/fontconfig"),
    *("/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice", "/dev/urandom"),
)
_LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
_ALL_WITHIN = (
    *(WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REGULAR, MAKE_SOCKET),
    *(REFER, TRUNCATE),
)
_HALF_A_GIB = 512 * 1024 * 1024
_MALLOC = (
    f"glibc.malloc.arena_max=2:glibc.malloc.mmap_threshold={_HALF_A_GIB}:glibc.malloc.trim_threshold={_HALF_A_GIB}"
)
"""While it starts, LibreOffice takes 64 MiB sixteen times, one after the other; so the kernel gives them only once.

That is half of what the smallest file costs (docs/office-files.md).
"""

_FLAGS = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nofirststartwizard", "--nologo")


def become_libreoffice(asked: Convert, connection: socket.socket) -> NoReturn:
    """Confine this process, answer `Begun`, and go on as LibreOffice, whose words go to the connection.

    Raises:
        OSError: the program cannot be started, or its folder is gone.
    """
    os.setsid()
    os.chdir(asked.scratch)
    send(connection, Begun(confine_to(asked), 0))
    _connect_standard_streams(connection)
    os.execve(asked.program, [asked.program, *_arguments(asked)], _environment(Path(asked.scratch)))  # noqa: S606


def confine_to(asked: Convert) -> Confined:
    """Bound this process to what LibreOffice needs for this file, for good. Says what the kernel did not do."""
    program, scratch = Path(asked.program), Path(asked.scratch)
    rules: list[int] = []
    known = kernel.enforces(lambda: rules.append(_rules(program, scratch)))
    _bound(asked.limits)
    privileges = kernel.enforces(kernel.drop_privileges)
    files = known and kernel.enforces(lambda: landlock.restrict(rules[0]))
    reaching_out = kernel.enforces(_filter_calls)
    return Confined(network=reaching_out, programs=reaching_out and files, files=files, privileges=privileges)


def _rules(program: Path, scratch: Path) -> int:
    """It reads what is installed, writes its folder, and no program can be started in its place."""
    rules = landlock.Rules()
    for path in (*map(Path, _READABLE), program.parent.parent):
        if path.exists():
            rules.allow(path, READ_FILE | READ_DIR if path.is_dir() else READ_FILE)
    rules.allow(Path(os.devnull), READ_FILE | WRITE_FILE)
    for path in (program, Path(_LOADERS.get(kernel.machine(), program))):
        rules.allow(path, EXECUTE | READ_FILE)
    rules.allow(scratch, sum(_ALL_WITHIN))
    return rules.file


def _filter_calls() -> None:
    bpf.require_known(kernel.machine())
    bpf.install(calls.instructions(kernel.machine(), pid=os.getpid()))


def _bound(limits: OfficeLimits) -> None:
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, math.ceil(limits.cpu_s)),
        (resource.RLIMIT_FSIZE, limits.scratch_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
    ):
        resource.setrlimit(limit, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that grows too large fails to


def _connect_standard_streams(connection: socket.socket) -> None:
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    for standard in (1, 2):
        os.dup2(connection.fileno(), standard)


def _arguments(asked: Convert) -> list[str]:
    profile = Path(asked.scratch, PROFILE).as_uri()
    to = ["--convert-to", PDF.removeprefix("document."), "--outdir", asked.scratch]
    return [*_FLAGS, f"-env:UserInstallation={profile}", f"--infilter={asked.import_filter}", *to, asked.document]


def _environment(scratch: Path) -> dict[str, str]:
    """It reads nothing of ours. The socket lies in the folder: by a short name, since its path may be too long."""
    temporary = str(scratch / TEMPORARY)
    return {
        "GLIBC_TUNABLES": _MALLOC,
        "HOME": str(scratch),
        "LANG": "C.UTF-8",
        "OSL_SOCKET_PATH": ".",
        "PATH": "/usr/bin:/bin",
        "SAL_DISABLE_OPENCL": "1",
        "SAL_USE_VCLPLUGIN": "svp",
        "TMPDIR": temporary,
        "XDG_CACHE_HOME": temporary,
    }
