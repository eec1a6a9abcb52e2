from dataclasses import dataclass, replace
from typing import Any

import pytest

from buffrsign.ledger.entry import body_of, entry_of
from buffrsign.ledger.hashing import NOTHING_YET, chain_hash, leaf_hash
from buffrsign.ledger.verify import Broken, Verified, verify
from tests.support.ledger import RECORDED, event


@dataclass(frozen=True)
class Row:
    sequence: Any
    entry_id: Any
    document_id: Any
    body: Any
    leaf_hash: Any
    chain_hash: Any


def rows_of(bodies: list[bytes]) -> list[Row]:
    """Rows as somebody would forge them who can hash: every hash is right."""
    rows, chain = [], NOTHING_YET
    for sequence, body in enumerate(bodies, start=1):
        leaf = leaf_hash(body)
        chain = chain_hash(chain, leaf)
        rows.append(Row(sequence, f"entry_{sequence}", "doc_7", body, leaf, chain))
    return rows


def body(number: int) -> bytes:
    return body_of(entry_of(event(f"entry_{number}"), recorded_at=RECORDED))


ROWS = rows_of([body(1), body(2), body(3)])


def test_what_was_written_verifies_with_its_head():
    assert verify(ROWS) == Verified(3, ROWS[-1].chain_hash.hex())


def test_an_empty_ledger_verifies():
    assert verify([]) == Verified(0, "00" * 32)


@pytest.mark.parametrize(
    "forged",
    [
        body(2).replace(b'"v":1', b'"v":1 '),
        body(2).replace(b'"v":1', b'"v":2'),
        body(2).replace(b".123Z", b".123456Z"),
        body(2).replace(b'"action"', b'"action":"x.y","action"'),
        b"[" * 5000,
        b"\xff",
        b"null",
    ],
)
def test_a_body_that_is_no_canonical_entry_is_found_though_all_hashes_are_right(forged):
    assert verify(rows_of([body(1), forged, body(3)])) == Broken(2, verify(rows_of([body(1), forged])).reason)


@pytest.mark.parametrize("column", ["body", "leaf_hash", "chain_hash", "entry_id", "document_id", "sequence"])
@pytest.mark.parametrize("value", [None, "text", b"bytes", 7, 1.5])
def test_whatever_is_put_into_a_column_is_a_finding_and_no_crash(column, value):
    rows = [ROWS[0], replace(ROWS[1], **{column: value}), ROWS[2]]

    verdict = verify(rows)

    assert isinstance(verdict, Broken)
    assert verdict.sequence == 2
