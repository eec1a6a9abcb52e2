"""The command itself: its help, its addresses, and what it says on a bare install."""

import subprocess
import sys

import pytest

from tests.support.cli import command_line

NOWHERE = "redis://127.0.0.1:1/0"
HEAVY = {"rich", "redis", "sqlalchemy", "celery", "rfc8785", "jinja2", "css_inline", "config", "tasks", "workers"}


def test_help_loads_nothing_heavy() -> None:
    shown = python("-X", "importtime", "-m", "buffrsign.cli", "--help")

    loaded = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "buffrsign.cli.audit" in loaded
    assert not loaded & HEAVY


def test_the_command_runs_as_a_module() -> None:
    shown = python("-m", "buffrsign.cli", "--help")

    assert (shown.returncode, shown.stderr) == (0, "")
    for name in ("jobs", "queues", "ping", "dead", "audit", "requests", "mail"):
        assert f"\n  {name} " in shown.stdout


@pytest.mark.parametrize(
    ("package", "extra", "arguments"),
    [
        ("click", "cli", ["--help"]),
        ("rich", "cli", ["queues", "--watch", "--broker-url", NOWHERE]),
        ("sqlalchemy", "sql", ["audit", "verify", "--database-url", "sqlite:///nowhere.db"]),
        ("rfc8785", "sql", ["audit", "verify", "--database-url", "sqlite:///nowhere.db"]),
        ("css_inline", "worker", ["mail", "preview", "signature_request"]),
        ("jinja2", "worker", ["mail", "preview", "signature_request"]),
    ],
)
def test_a_bare_install_says_which_extra_is_missing(package: str, extra: str, arguments: list[str]) -> None:
    script = f"import sys; sys.modules[{package!r}] = None; from buffrsign.cli import main; main()"

    shown = python("-c", script, *arguments)

    sentence = f"Error: {package} is not installed; run: pip install 'buffrsign[{extra}]'\n"
    assert (shown.returncode, shown.stdout, shown.stderr) == (1, "", sentence)


@pytest.mark.parametrize(
    "arguments", [["queues"], ["ping"], ["jobs", "show", "some_job"], ["jobs", "list"], ["dead", "list"]]
)
def test_a_broker_that_is_away_is_a_sentence(arguments: list[str]) -> None:
    run = command_line({"BUFFRSIGN_BROKER_URL": NOWHERE})

    shown = run(*arguments)

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "the broker did not answer" in shown.stderr


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "Set BUFFRSIGN_BROKER_URL or REDIS_URL"),
        ({"BUFFRSIGN_BROKER_URL": "http://127.0.0.1"}, "expected a host after redis://, rediss:// or sentinel://"),
        ({"REDIS_URL": "redis://[::1"}, "REDIS_URL cannot be used: no server can be read from this URL"),
    ],
)
def test_a_command_without_a_broker_says_how_to_give_one(environment: dict[str, str], complaint: str) -> None:
    run = command_line(environment)

    shown = run("queues")

    assert shown.exit_code == 2
    assert complaint in shown.stderr


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
