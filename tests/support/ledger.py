"""Small things that tests of the ledger share."""

from datetime import UTC, datetime
from typing import Any

from buffrsign.jobs.audit import RecordEvent

OCCURRED = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
RECORDED = datetime(2026, 11, 23, 8, 0, 1, 999999, tzinfo=UTC)


def event(entry_id: str = "entry_1", **fields: Any) -> RecordEvent:
    """A valid event; fields given replace its own."""
    values = {"action": "document.inspected", "occurred_at": OCCURRED, "document_id": "doc_7", **fields}
    return RecordEvent(entry_id=entry_id, **values)
