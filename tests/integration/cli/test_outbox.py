"""The outbox as an operator sees it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, update

from buffrsign import outbox
from buffrsign.jobs.maintenance import Canary
from tests.support.cli import Run
from tests.support.jobs import letter


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/service.db")
    outbox.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def refused(engine: Engine) -> int:
    """The number of a row that was refused; one more waits behind it."""
    with engine.begin() as connection:
        outbox.Outbox(connection).enqueue_many([Canary(), letter()])
        closed = {"closed_at": 1, "closed_as": "refused: its contract is gone"}
        connection.execute(update(outbox.rows).where(outbox.rows.c.number == 1).values(**closed))
    return 1


def test_what_waits_and_what_somebody_must_look_at_is_shown(run: Run, engine: Engine, refused: int) -> None:
    url = str(engine.url)

    shown = json.loads(run("outbox", "show", "--database-url", url, "--json").stdout)
    text = run("outbox", "show", "--database-url", url).stdout

    assert (shown["waiting"], shown["refused"], shown["doubtful"], shown["open"]) == (1, 1, 0, 0)
    assert shown["first_stuck"][0]["why"] == "refused: its contract is gone"
    assert "refused: its contract is gone" in text
    assert letter().recipient.email not in text


def test_a_refused_row_is_retried_and_one_that_is_not_stuck_is_left(run: Run, engine: Engine, refused: int) -> None:
    tried = run("outbox", "retry", str(refused), "2", "--database-url", str(engine.url), "--json")

    assert json.loads(tried.stdout) == [refused]
    assert tried.exit_code == 1
    assert "neither refused nor doubtful: 2" in tried.stderr
    shown = json.loads(run("outbox", "show", "--database-url", str(engine.url), "--json").stdout)
    assert (shown["waiting"], shown["refused"]) == (2, 0)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:////nowhere/none.db", "there is no database file"),
        ("nonsense", "is no URL of a database"),
        ("mysql+nothing://db/app", "database"),
    ],
)
def test_a_database_that_is_none_is_refused_with_a_sentence(run: Run, url: str, why: str) -> None:
    refused = run("outbox", "show", "--database-url", url)

    assert refused.exit_code == 1
    assert why in " ".join(refused.stderr.split())


def test_a_database_without_an_outbox_is_refused_with_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()

    refused = run("outbox", "show", "--database-url", f"sqlite:///{tmp_path}/empty.db")

    assert "buffrsign_outbox" in " ".join(refused.stderr.split())
