"""Programs are started, watched, and never left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import ROOT
from tests.support.wait import wait_until
from workers.processes import ProcessDied, Processes, read_procfile

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
Starter = tuple[subprocess.Popen[bytes], int]
"""A running program, and the process id of the server that it started."""

STARTER = """
import os, sys, time
from pathlib import Path
from redis import Redis
from workers.embedded_broker import EmbeddedBroker
from workers.processes import Processes

folder = Path(sys.argv[1])
try:
    with Processes(folder / "log") as processes:
        broker = EmbeddedBroker(processes, folder=folder / "broker", env=dict(os.environ))
        broker.start()
        (folder / "pid.new").write_text(str(Redis.from_url(broker.url()).info("server")["process_id"]))
        (folder / "pid.new").rename(folder / "pid")
        time.sleep(600)
except KeyboardInterrupt:
    sys.exit(3)
"""


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    with subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], cwd=ROOT) as process:
        wait_until((tmp_path / "pid").exists, "the broker to start")
        yield process, int((tmp_path / "pid").read_text())
        process.kill()


def test_a_starter_that_is_killed_leaves_no_server_behind(starter: Starter) -> None:
    process, server = starter
    assert lives(server)

    process.kill()

    wait_until(lambda: not lives(server), "the server to be gone")


def test_a_starter_that_is_interrupted_stops_its_server_before_it_ends(starter: Starter) -> None:
    process, server = starter

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 3
    assert not lives(server)


def test_leaving_the_block_stops_what_was_started(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        program = processes.start("sleeper", SLEEPER, env=os.environ)
        processes.check()

    assert program.process.poll() == -signal.SIGTERM


def test_a_program_that_ended_is_reported_with_its_code_and_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        program = processes.start(
            "speaker", [sys.executable, "-c", "print('good-bye'); raise SystemExit(7)"], env=os.environ
        )
        program.process.wait(20)

        with pytest.raises(ProcessDied) as died:
            processes.check()

    assert str(died.value) == f"speaker ended with code 7; its log is {tmp_path / 'speaker.log'}"
    assert (tmp_path / "speaker.log").read_text() == "good-bye\n"


def test_a_program_that_cannot_be_started_does_not_disturb_the_others(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        program = processes.start("sleeper", SLEEPER, env=os.environ)

        with pytest.raises(FileNotFoundError):
            processes.start("nobody", ["/nowhere/at/all"], env=os.environ)

        processes.check()
    assert program.process.poll() == -signal.SIGTERM


def test_the_first_program_is_stopped_last_because_the_others_need_it(tmp_path: Path) -> None:
    order = tmp_path / "order"
    says_when_it_ends = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(open(sys.argv[1], 'a').write(sys.argv[2] + ' ') and 0))\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    with Processes(tmp_path) as processes:
        logs = [
            processes.start(name, [sys.executable, "-c", says_when_it_ends, str(order), name], env=os.environ).log_path
            for name in ("first", "second", "third")
        ]
        wait_until(lambda: all(log.read_text() for log in logs), "all three to be ready")

    assert sorted(order.read_text().split()[:2]) == ["second", "third"]
    assert order.read_text().split()[2] == "first"


def test_every_program_of_the_procfile_has_a_command() -> None:
    commands = read_procfile()

    assert list(commands) == [
        *("email", "requests", "documents", "compliance", "audit", "maintenance"),
        *("scheduler", "beat", "flower"),
    ]
    assert commands["scheduler"] == ["/bin/sh", "-c", "exec python -m workers.scheduler"]


def test_comments_and_empty_lines_of_a_procfile_are_skipped(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("# the web\n\n  web: serve --port ${PORT:-80}  \n")

    assert read_procfile(procfile) == {"web": ["/bin/sh", "-c", "exec serve --port ${PORT:-80}"]}
