"""`make up`: the whole system on this machine, until Ctrl-C. Data is kept in `var/up` from one run to the next."""

import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from buffrsign.core.errors import BuffrSignError
from config.settings import SettingsRefused
from workers.processes import ROOT
from workers.stack import Stack, running_stack

FOLDER = ROOT / "var" / "up"
FLOWER_PORT = 5555
POLL_S = 0.5


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two runs never share data.

    Raises:
        BuffrSignError: another run holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BuffrSignError(f"another run works in {folder}; stop it first, or use another checkout") from error
        yield


def stop_on_signals() -> None:
    """Make SIGTERM and SIGINT end the program as Ctrl-C does, so that everything it started is stopped.

    A shell that starts us in the background has us ignore SIGINT; whoever sends it all the same means it.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)


def main() -> None:
    """Start everything, say where it is, and watch it."""
    stop_on_signals()
    console = Console(stderr=True)
    try:
        with (
            alone_in(FOLDER),
            running_stack(FOLDER, env=os.environ, flower_port=_flower_port(), say=console.print) as up,
        ):
            _say_where(up, console)
            while True:
                up.processes.check()
                time.sleep(POLL_S)
    except KeyboardInterrupt:
        console.print("stopped")
    except (BuffrSignError, SettingsRefused) as error:
        sys.exit(str(error))


def _flower_port() -> int:
    given = os.environ.get("FLOWER_PORT", str(FLOWER_PORT))
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise BuffrSignError(f"FLOWER_PORT must be a port from 1 to 65535, not {given!r}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(given)))
        except OSError as error:
            raise BuffrSignError(f"port {given} of Flower is taken; name another one with FLOWER_PORT=") from error
    return int(given)


def _say_where(up: Stack, console: Console) -> None:
    url_file = FOLDER / "broker-url"
    url_file.touch(mode=0o600)
    url_file.write_text(up.services.settings.broker_url)
    console.print("[bold green]everything is up[/]; Ctrl-C stops it")
    console.print(f"  Flower   {up.flower_url}")
    console.print(f"  letters  {up.mail_folder}")
    console.print(f"  logs     {FOLDER / 'log'}")
    console.print("for the ten lines, `buffrsign` and `celery` in another terminal:")
    console.print(f'  export REDIS_URL="$(cat {url_file.relative_to(ROOT)})"')
    console.print(f"  export BUFFRSIGN_DATABASE_URL={up.services.settings.database_url}", soft_wrap=True)


if __name__ == "__main__":
    main()
