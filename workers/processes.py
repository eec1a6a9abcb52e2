"""Starts the programs of the Procfile and others as child processes, watches them, and leaves none behind.

Each child leads a process group of its own, so a Ctrl-C in the terminal reaches only us, and we stop them in order.
A guard ends them when we are gone without having done so.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from buffrsign.core.errors import BuffrSignError

STOP_GRACE_S = 20.0
ROOT = Path(__file__).resolve().parent.parent


class ProcessDied(BuffrSignError):
    """A program ended that should be running. The message says which, and where its log is."""


@dataclass(frozen=True)
class Program:
    """One running program."""

    name: str
    process: subprocess.Popen[bytes]
    log_path: Path


class Processes:
    """The programs of one run. Use as a context manager: leaving it stops all of them, the first one last."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._programs: list[Program] = []
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._log_folder.mkdir(parents=True, exist_ok=True)
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "workers.guard"], cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True
        )
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, command: list[str], *, env: Mapping[str, str], stdin: bytes = b"") -> Program:
        """Start one program; what it prints goes to `<log folder>/<name>.log`."""
        log_path = self._log_folder / f"{name}.log"
        with log_path.open("wb") as log_file:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                cwd=ROOT,
                env={**env, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"},
                stdin=subprocess.PIPE,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell_guard(f"+{process.pid}")
        assert process.stdin is not None  # noqa: S101 - we asked for a pipe
        process.stdin.write(stdin)
        process.stdin.close()
        program = Program(name, process, log_path)
        self._programs.append(program)
        return program

    def check(self) -> None:
        """Say so if a program has ended.

        Raises:
            ProcessDied: with its name, exit code and log.
        """
        for program in self._programs:
            code = program.process.poll()
            if code is not None:
                raise ProcessDied(f"{program.name} ended with code {code}; its log is {program.log_path}")

    def stop(self) -> None:
        """Stop all programs: everything but the first together, and then the first, which the others need."""
        self._end(self._programs[1:])
        self._end(self._programs[:1])
        self._programs.clear()
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None

    def _end(self, programs: list[Program]) -> None:
        for program in programs:
            if program.process.poll() is None:
                program.process.send_signal(signal.SIGTERM)
        for program in programs:
            try:
                program.process.wait(STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                os.killpg(program.process.pid, signal.SIGKILL)
                program.process.wait()
            self._tell_guard(f"-{program.process.pid}")

    def _tell_guard(self, line: str) -> None:
        assert self._guard is not None, "enter the context first"  # noqa: S101
        assert self._guard.stdin is not None  # noqa: S101
        self._guard.stdin.write(f"{line}\n".encode())
        self._guard.stdin.flush()


def read_procfile(path: Path = ROOT / "Procfile") -> dict[str, list[str]]:
    """The commands of a Procfile by name, each to be run by a shell that replaces itself by it."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    named = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name.strip(): ["/bin/sh", "-c", f"exec {command.strip()}"] for name, _, command in named}


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
