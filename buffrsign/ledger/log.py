"""The ledger appends an entry once, in order and without gaps, and says whether all it holds is as it was written."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from buffrsign.core.clock import Clock
from buffrsign.core.errors import Permanent
from buffrsign.core.logs import get_logger
from buffrsign.core.sql import Database
from buffrsign.jobs.audit import RecordEvent
from buffrsign.ledger.entry import Entry, body_of, entry_in, entry_of
from buffrsign.ledger.hashing import NOTHING_YET, chain_hash, leaf_hash
from buffrsign.ledger.tables import ledger_entries
from buffrsign.ledger.verify import Broken, Verified, verify

PAGE = 1000

log = get_logger(__name__)


@dataclass(frozen=True)
class Appended:
    """The entry is in the ledger now; `leaf_hash` in hexadecimal."""

    sequence: int
    leaf_hash: str


@dataclass(frozen=True)
class AlreadyThere:
    """The entry was in the ledger before; nothing was written."""

    sequence: int


@dataclass(frozen=True)
class StoredEntry:
    """An entry in its place; the hashes in hexadecimal."""

    sequence: int
    entry: Entry
    leaf_hash: str
    chain_hash: str


class EntryIdTaken(Permanent):
    """Another event has this entry id."""

    def __init__(self, entry_id: str, sequence: int) -> None:
        super().__init__(f"entry {sequence} has the id {entry_id} already and tells of another event; send a new id")
        self.entry_id = entry_id
        self.sequence = sequence


class EntryUnreadable(Permanent):
    """The bytes of an entry are not those that were written."""

    def __init__(self, sequence: int) -> None:
        super().__init__(f"entry {sequence} cannot be read; verify the ledger and restore it from a backup")
        self.sequence = sequence


class Ledger:
    """The audit ledger of one database.

    Order comes from the write lock that `Database.write` takes: whoever holds it knows the last entry.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def append(self, job: RecordEvent) -> Appended | AlreadyThere:
        """Write the event down behind all others; the same `entry_id` again changes nothing.

        Raises:
            EntryIdTaken: the id stands for another action or document.
            EntryUnreadable: the id is there, and its body is not what was written.
            EntryRefused, NotCanonical: the event has no body; see `body_of`.
            DatabaseUnavailable: see `Database.write`.
        """
        with self._database.write() as connection:
            entry = entry_of(job, recorded_at=self._clock())
            outcome = _already_there(connection, entry) or _append(connection, entry)
        if isinstance(outcome, Appended):
            log.info("entry recorded", sequence=outcome.sequence, action=entry.action)
        return outcome

    def entries(self, *, document_id: str | None = None, after: int = 0, at_most: int = PAGE) -> list[StoredEntry]:
        """The next entries behind sequence `after`, of one document or of all; they are read, not verified.

        Raises:
            EntryUnreadable: a body is not what was written.
        """
        query = select(ledger_entries).where(ledger_entries.c.sequence > after)
        if document_id is not None:
            query = query.where(ledger_entries.c.document_id == document_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(ledger_entries.c.sequence).limit(at_most)).all()
        return [_stored(row) for row in rows]

    def verify(self) -> Verified | Broken:
        """Whether every entry is there, unchanged and in its place. Reads it all, once, in constant memory.

        A chain without an anchor outside the database shows what was changed by somebody who did not hash everything
        anew. It does not show that whoever owns the database rewrote all of it, nor that the last entries were cut
        off: for that, compare `Verified.entries` and `Verified.head` with values that were kept elsewhere.
        """
        with self._database.read() as connection:
            return verify(connection.execution_options(yield_per=PAGE).execute(_RAW_ROWS))


# Text, so that SQLite hands over what is there, whatever type somebody made it, and nothing fails on the way.
_RAW_ROWS = text(
    "SELECT sequence, entry_id, document_id, body, leaf_hash, chain_hash FROM ledger_entries ORDER BY sequence"
)


def _already_there(connection: Connection, entry: Entry) -> AlreadyThere | None:
    row = connection.execute(select(ledger_entries).where(ledger_entries.c.entry_id == entry.entry_id)).one_or_none()
    if row is None:
        return None
    stored = _stored(row)
    if not stored.entry.is_about_the_same_as(entry):
        raise EntryIdTaken(entry.entry_id, stored.sequence)
    return AlreadyThere(stored.sequence)


def _append(connection: Connection, entry: Entry) -> Appended:
    body = body_of(entry)
    leaf = leaf_hash(body)
    last, before = _head(connection)
    row = {
        "sequence": last + 1,
        "entry_id": entry.entry_id,
        "document_id": entry.document_id,
        "body": body,
        "leaf_hash": leaf,
        "chain_hash": chain_hash(before, leaf),
    }
    connection.execute(insert(ledger_entries).values(row))
    return Appended(last + 1, leaf.hex())


def _head(connection: Connection) -> tuple[int, bytes]:
    query = select(ledger_entries.c.sequence, ledger_entries.c.chain_hash)
    row = connection.execute(query.order_by(ledger_entries.c.sequence.desc()).limit(1)).one_or_none()
    return (0, NOTHING_YET) if row is None else (row.sequence, row.chain_hash)


def _stored(row: Row[Any]) -> StoredEntry:
    try:
        entry = entry_in(row.body)
    except ValueError as error:
        raise EntryUnreadable(row.sequence) from error
    return StoredEntry(row.sequence, entry, row.leaf_hash.hex(), row.chain_hash.hex())
