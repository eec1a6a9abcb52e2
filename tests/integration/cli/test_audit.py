"""The audit ledger, read and verified from a shell."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from buffrsign.core.sql import Database
from buffrsign.ledger import Ledger
from tests.support.cli import Run, command_line
from tests.support.database import migrated_database
from tests.support.ledger import RECORDED, event


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path) as database:
        ledger = Ledger(database, clock=lambda: RECORDED)
        for number in range(1, 4):
            ledger.append(event(f"entry_{number}", document_id=f"doc_{number % 2}", actor="user_3"))
        yield database


@pytest.fixture
def run(database: Database) -> Run:
    return command_line({"BUFFRSIGN_DATABASE_URL": database.url})


def test_entries_are_listed_in_their_order(run: Run) -> None:
    shown = run("audit", "list")

    assert shown.exit_code == 0
    rows = [line.split() for line in shown.stdout.splitlines()]
    assert [row for row in rows if row and row[0].isdigit()] == [
        [str(number), "2026-11-23", "08:00:00", "UTC", "document.inspected", f"doc_{number % 2}", "user_3"]
        for number in range(1, 4)
    ]


def test_entries_of_one_document_are_listed_with_their_details_for_machines(run: Run) -> None:
    shown = json.loads(run("audit", "list", "--document", "doc_1", "--json").stdout)

    assert [stored["sequence"] for stored in shown] == [1, 3]
    assert shown[0]["entry"]["entry_id"] == "entry_1"


def test_a_page_says_where_the_next_one_begins(run: Run) -> None:
    first = run("audit", "list", "--limit", "2")
    rest = run("audit", "list", "--after", "2", "--json")

    assert "--after 2" in first.stderr
    assert [stored["sequence"] for stored in json.loads(rest.stdout)] == [3]


def test_a_whole_ledger_is_verified_with_its_head(run: Run, database: Database) -> None:
    head = Ledger(database, clock=lambda: RECORDED).entries()[-1].chain_hash

    shown = run("audit", "verify", "--json")

    assert shown.exit_code == 0
    assert json.loads(shown.stdout) == {"verified": True, "entries": 3, "head": head}
    assert head in run("audit", "verify").stdout


def test_a_changed_ledger_names_its_first_broken_entry(run: Run, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE ledger_entries SET document_id = 'doc_9' WHERE sequence = 2"))

    shown = run("audit", "verify", "--json")

    assert shown.exit_code == 1
    assert json.loads(shown.stdout)["sequence"] == 2
    assert "broken at entry 2" in shown.stderr


def test_a_mistyped_database_is_not_created(run: Run, tmp_path: Path) -> None:
    shown = run("audit", "verify", "--database-url", f"sqlite:///{tmp_path}/nowhere.db")

    assert shown.exit_code == 1
    assert "there is no database file" in shown.stderr
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to look at" * 50])
def test_a_file_that_is_no_database_of_ours_is_a_sentence(run: Run, tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(content)

    shown = run("audit", "list", "--database-url", f"sqlite:///{other}")

    assert shown.exit_code == 1
    assert "the database cannot be read" in shown.stderr


@pytest.mark.parametrize("url", ["nonsense", "oracel://here", "postgresql://here:port/db"])
def test_a_url_that_names_no_database_is_a_sentence(run: Run, url: str) -> None:
    shown = run("audit", "list", "--database-url", url)

    assert shown.exit_code == 1
    assert "no URL of a database" in shown.stderr
