"""`make up`: the whole system on this machine, until Ctrl-C. Data is kept in `var/up` from one run to the next."""

import fcntl
import os
import signal
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


def stop_on_sigterm() -> None:
    """Make SIGTERM end the program as Ctrl-C does, so that everything it started is stopped."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def main() -> None:
    """Start everything, say where it is, and watch it."""
    stop_on_sigterm()
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
    return int(os.environ.get("FLOWER_PORT", FLOWER_PORT))


def _say_where(up: Stack, console: Console) -> None:
    url_file = FOLDER / "broker-url"
    url_file.touch(mode=0o600)
    url_file.write_text(up.services.settings.broker_url)
    console.print("[bold green]everything is up[/]; Ctrl-C stops it")
    console.print(f"  Flower   {up.flower_url}")
    console.print(f"  letters  {up.mail_folder}")
    console.print(f"  logs     {FOLDER / 'log'}")
    console.print(f'  broker   export BUFFRSIGN_BROKER_URL="$(cat {url_file.relative_to(ROOT)})"')


if __name__ == "__main__":
    main()
