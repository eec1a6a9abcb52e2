"""Whether stored entries are the ones that were written, in their order: pure, from rows to a verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from buffrsign.core.errors import Permanent
from buffrsign.ledger.entry import body_of, entry_in
from buffrsign.ledger.hashing import NOTHING_YET, chain_hash, leaf_hash


@dataclass(frozen=True)
class Verified:
    """All entries are as they were written. `head` is the last chain hash in hexadecimal; keep it elsewhere."""

    entries: int
    head: str


@dataclass(frozen=True)
class Broken:
    """The first sequence number where the ledger is not as it was written, and why."""

    sequence: int
    reason: str


def verify(rows: Iterable[Any]) -> Verified | Broken:
    """Walk the rows, in the order of their sequence, and stop at the first that is wrong.

    A row has `sequence`, `entry_id`, `document_id`, `body`, `leaf_hash` and `chain_hash`, of any type: what somebody
    wrote over them is a finding, not an error.
    """
    chain, entries = NOTHING_YET, 0
    for row in rows:
        reason = _fault(row, expected=entries + 1, chain=chain)
        if reason is not None:
            return Broken(entries + 1, reason)
        chain, entries = row.chain_hash, entries + 1
    return Verified(entries, chain.hex())


def _fault(row: Any, *, expected: int, chain: bytes) -> str | None:
    if row.sequence != expected:
        return f"the entry is missing: {row.sequence} stands in its place"
    if not isinstance(row.body, bytes):
        return "the body is not bytes"
    leaf = leaf_hash(row.body)
    if row.leaf_hash != leaf:
        return "the leaf hash is not that of the body: one of them was changed"
    if row.chain_hash != chain_hash(chain, leaf):
        return "the chain hash does not follow from the entries so far: something was changed, moved or removed"
    return _body_fault(row)


def _body_fault(row: Any) -> str | None:
    try:
        entry = entry_in(row.body)
        written_anew = body_of(entry)
    except (ValueError, Permanent):
        return "the body is not an entry"
    if row.body != written_anew:
        return "the body is not in canonical form"
    if (row.entry_id, row.document_id) != (entry.entry_id, entry.document_id):
        return "the column entry_id or document_id is not what the body says"
    return None
