import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from buffrsign.core.sql import Database
from buffrsign.ledger import AlreadyThere, Appended, Broken, EntryIdTaken, EntryUnreadable, Ledger, Verified
from buffrsign.ledger.log import PAGE
from buffrsign.ledger.tables import ledger_entries
from tests.support.ledger import RECORDED, event

DOCS = Path(__file__).parents[3] / "docs" / "ledger.md"


@pytest.fixture
def database(tmp_path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with database.write() as connection:
        ledger_entries.create(connection)
    yield database
    database.close()


@pytest.fixture
def ledger(database) -> Ledger:
    return Ledger(database, clock=lambda: RECORDED)


@pytest.fixture
def tamper(database) -> Callable[..., None]:
    def run(*statements: str) -> None:
        with database.write() as connection:
            for statement in statements:
                assert connection.execute(text(statement)).rowcount > 0

    return run


def append_many(ledger: Ledger, number: int, *, prefix: str = "entry") -> None:
    for index in range(1, number + 1):
        ledger.append(event(f"{prefix}_{index}"))


def in_threads(work: Callable[[int], None], *, number: int) -> None:
    start = threading.Barrier(number)
    errors: list[BaseException] = []

    def run(index: int) -> None:
        start.wait()
        try:
            work(index)
        except BaseException as error:  # noqa: BLE001  # shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_entries_come_back_in_order_as_they_were_appended(ledger):
    appended = [ledger.append(event(f"entry_{n}", actor="user_3", details={"n": n})) for n in (1, 2)]

    stored = ledger.entries()

    assert appended == [Appended(entry.sequence, entry.leaf_hash) for entry in stored]
    assert [entry.sequence for entry in stored] == [1, 2]
    assert stored[1].entry.details == {"n": 2}
    assert stored[1].entry.recorded_at == RECORDED.replace(microsecond=999000)
    assert ledger.verify() == Verified(2, stored[1].chain_hash)


def test_the_same_entry_is_appended_once(ledger):
    ledger.append(event("entry_0"))
    ledger.append(event("entry_1"))

    assert ledger.append(event("entry_1", details={"attempt": 2})) == AlreadyThere(2)
    assert ledger.verify() == Verified(2, ledger.entries()[-1].chain_hash)


def test_another_event_under_a_taken_id_is_refused_not_dropped(ledger):
    ledger.append(event("entry_1"))

    with pytest.raises(EntryIdTaken, match="send a new id"):
        ledger.append(event("entry_1", action="document.sealed"))


def test_entries_can_be_asked_for_by_document_and_page(ledger):
    for number in range(1, 7):
        ledger.append(event(f"entry_{number}", document_id="doc_even" if number % 2 == 0 else None))

    page = ledger.entries(document_id="doc_even", after=2, at_most=1)

    assert [stored.sequence for stored in page] == [4]


def test_an_empty_ledger_verifies(ledger):
    assert ledger.verify() == Verified(0, "00" * 32)


def test_verification_goes_on_past_one_batch(ledger):
    append_many(ledger, PAGE + 1)

    verdict = ledger.verify()

    assert isinstance(verdict, Verified)
    assert verdict.entries == PAGE + 1


TAMPERINGS = {
    "body": ("UPDATE ledger_entries SET body = replace(body, 'inspected', 'signed') WHERE sequence = 3", 3),
    "body as bytes": (
        "UPDATE ledger_entries SET body = CAST(replace(body, 'inspected', 'signed') AS BLOB) WHERE sequence = 3",
        3,
    ),
    "leaf hash": ("UPDATE ledger_entries SET leaf_hash = zeroblob(32) WHERE sequence = 3", 3),
    "chain hash": ("UPDATE ledger_entries SET chain_hash = zeroblob(32) WHERE sequence = 3", 3),
    "entry id": ("UPDATE ledger_entries SET entry_id = 'other' WHERE sequence = 3", 3),
    "document id": ("UPDATE ledger_entries SET document_id = 'doc_8' WHERE sequence = 3", 3),
    "no document id": ("UPDATE ledger_entries SET document_id = NULL WHERE sequence = 3", 3),
    "sequence": ("UPDATE ledger_entries SET sequence = 99 WHERE sequence = 3", 3),
    "sequence below": ("UPDATE ledger_entries SET sequence = 0 WHERE sequence = 3", 1),
    "deleted in the middle": ("DELETE FROM ledger_entries WHERE sequence = 3", 3),
    "deleted at the start": ("DELETE FROM ledger_entries WHERE sequence < 3", 1),
}


@pytest.mark.parametrize(("statement", "first_broken"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampering_is_found_and_the_first_broken_entry_is_named(ledger, tamper, statement, first_broken):
    append_many(ledger, 5)

    tamper(statement)

    verdict = ledger.verify()
    assert isinstance(verdict, Broken)
    assert verdict.sequence == first_broken


def test_swapped_entries_are_found(ledger, tamper):
    append_many(ledger, 5)

    tamper(
        "UPDATE ledger_entries SET sequence = -1 WHERE sequence = 2",
        "UPDATE ledger_entries SET sequence = 2 WHERE sequence = 4",
        "UPDATE ledger_entries SET sequence = 4 WHERE sequence = -1",
    )

    verdict = ledger.verify()
    assert isinstance(verdict, Broken)
    assert verdict.sequence == 2


def test_a_middle_that_was_cut_out_and_closed_up_is_found(ledger, tamper):
    append_many(ledger, 5)

    tamper(
        "DELETE FROM ledger_entries WHERE sequence IN (2, 3)",
        "UPDATE ledger_entries SET sequence = 2 WHERE sequence = 4",
        "UPDATE ledger_entries SET sequence = 3 WHERE sequence = 5",
    )

    verdict = ledger.verify()
    assert isinstance(verdict, Broken)
    assert verdict.sequence == 2


def test_what_the_end_lost_shows_only_against_a_head_kept_elsewhere(ledger, tamper):
    append_many(ledger, 5)
    kept = ledger.verify()

    tamper("DELETE FROM ledger_entries WHERE sequence = 5")

    assert isinstance(ledger.verify(), Verified)
    assert ledger.verify() != kept


def test_an_entry_that_cannot_be_read_is_named(ledger, tamper):
    append_many(ledger, 2)

    tamper("UPDATE ledger_entries SET body = x'ff' WHERE sequence = 2")

    with pytest.raises(EntryUnreadable, match="entry 2"):
        ledger.entries()


def test_two_threads_leave_a_verified_chain_without_gaps(ledger):
    in_threads(lambda index: append_many(ledger, 200, prefix=f"thread_{index}"), number=2)

    assert [stored.sequence for stored in ledger.entries()] == list(range(1, 401))
    assert isinstance(ledger.verify(), Verified)


def test_ten_threads_with_the_same_entry_append_it_once(ledger):
    outcomes: list[object] = []

    in_threads(lambda _: outcomes.append(ledger.append(event("entry_1"))), number=10)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyThere"] * 9 + ["Appended"]
    assert [stored.sequence for stored in ledger.entries()] == [1]


@pytest.fixture
def verify_by_hand(tmp_path) -> Callable[[], subprocess.CompletedProcess[str]]:
    script = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert script is not None

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-c", script[1], str(tmp_path / "ledger.sqlite")]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    return run


def test_the_script_in_the_docs_agrees_with_the_ledger(ledger, verify_by_hand):
    append_many(ledger, 3)

    by_hand = verify_by_hand()

    verdict = ledger.verify()
    assert isinstance(verdict, Verified)
    assert by_hand.stdout == f"3 entries verified, head {verdict.head}\n"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger_entries SET body = x'7b7d' WHERE sequence = 2", "DELETE FROM ledger_entries WHERE sequence = 2"],
)
def test_the_script_in_the_docs_finds_the_first_broken_entry(ledger, tamper, verify_by_hand, statement):
    append_many(ledger, 3)
    tamper(statement)

    by_hand = verify_by_hand()

    assert by_hand.returncode == 1
    assert by_hand.stderr == "broken at entry 2\n"
