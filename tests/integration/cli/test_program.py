"""The command itself: its help, its addresses, and what it says on a bare install."""

import subprocess
import sys

import pytest

from tests.support.cli import command_line

NOWHERE = "redis://127.0.0.1:1/0"
HEAVY = ("rich", "redis", "sqlalchemy", "celery", "config", "tasks")


def test_help_names_the_commands_and_loads_nothing_heavy():
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('loaded:', [name for name in sys.argv[1:] if name in sys.modules]))\n"
        "heavy, sys.argv[1:] = sys.argv[1:], ['--help']\n"
        "import buffrsign.cli\n"
        "atexit.register(lambda: sys.argv.__setitem__(slice(1, None), heavy))\n"
        "buffrsign.cli.main()\n"
    )

    shown = python("-c", script, *HEAVY)

    assert shown.returncode == 0
    assert "loaded: []" in shown.stdout


def test_the_command_runs_as_a_module():
    shown = python("-m", "buffrsign.cli", "--help")

    assert (shown.returncode, shown.stderr) == (0, "")
    for name in ("status", "queues", "enqueue", "ping", "cancel", "dead", "audit", "requests"):
        assert f"\n  {name} " in shown.stdout


@pytest.mark.parametrize(
    ("package", "extra", "arguments"),
    [
        ("click", "cli", ["--help"]),
        ("rich", "cli", ["requests", "show", "doc_7"]),
        ("sqlalchemy", "sql", ["audit", "verify"]),
    ],
)
def test_a_bare_install_says_which_extra_is_missing(tmp_path, package: str, extra: str, arguments: list[str]):
    script = f"import sys; sys.modules[{package!r}] = None; from buffrsign.cli import main; main()"

    shown = python("-c", script, *arguments)

    assert shown.returncode != 0


@pytest.mark.parametrize("arguments", [["queues"], ["ping"], ["status", "some_job"], ["dead", "list"]])
def test_a_broker_that_is_away_is_a_sentence(arguments: list[str]):
    run = command_line({"BUFFRSIGN_BROKER_URL": NOWHERE})

    shown = run(*arguments)

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "the broker did not answer" in shown.stderr


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "Set BUFFRSIGN_BROKER_URL or REDIS_URL"),
        ({"BUFFRSIGN_BROKER_URL": "http://127.0.0.1"}, "expected a redis:// or rediss:// URL"),
        ({"REDIS_URL": "redis://[::1"}, "REDIS_URL is no URL"),
    ],
)
def test_a_command_without_a_broker_says_how_to_give_one(environment: dict[str, str], complaint: str):
    run = command_line(environment)

    shown = run("queues")

    assert shown.exit_code == 2
    assert complaint in shown.stderr


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603
