"""The verdict on a run of letters: clean only if mail server, record and ledger agree about each person."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from buffrsign.ledger import Entry, StoredEntry
from buffrsign.mail.rows import Delivery
from buffrsign.mail.states import Source, State
from tests.chaos.letters import report
from tests.chaos.letters.run import Plan, Seen, address_of

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PLAN = Plan(Path(), recipients=1, copies=3, kills=1, seed=7)
ACCEPTED = Delivery(
    number=1,
    job_id="job",
    kind="email.signature_request",
    document_id="doc_lease",
    round=1,
    state=State.ACCEPTED,
    host="127.0.0.1",
    response="250 taken",
    status="",
    source=Source.SMTP,
    attempts=1,
    doubts=0,
    resend_allowed=False,
    message_id="<1@example.com>",
    updated_at=NOW,
    recipient="person-01",
    address=address_of(1),
)


def entry(action: str) -> StoredEntry:
    details = {"letter": ACCEPTED.kind, "recipient_id": ACCEPTED.recipient}
    made = Entry(
        entry_id=action,
        action=action,
        occurred_at=NOW,
        recorded_at=NOW,
        document_id="doc_lease",
        actor=None,
        details=details,  # type: ignore[arg-type]
    )
    return StoredEntry(1, made, "", "")


def seen(**changes: Any) -> Seen:
    known: dict[str, Any] = {
        "plan": PLAN,
        "taken": {address_of(1): ["<1@example.com>"]},
        "deliveries": [ACCEPTED],
        "entries": [entry("letter.accepted")],
        "is_ledger_whole": True,
        "unfinished": 0,
    }
    return Seen(**{**known, **changes})


def test_a_run_in_which_all_agree_is_clean():
    assert report.is_clean(report.summary(seen()))


@pytest.mark.parametrize(
    ("finding", "changes"),
    [
        ("received_twice", {"taken": {address_of(1): ["<1@example.com>"] * 2}}),
        ("recorded_wrongly", {"taken": {}}),
        ("lost", {"deliveries": [], "taken": {}}),
        ("audited_wrongly", {"entries": []}),
        ("audited_wrongly", {"entries": [entry("letter.accepted"), entry("letter.accepted")]}),
        ("audited_wrongly", {"entries": [entry("letter.bounced")]}),
        ("unfinished", {"unfinished": 1}),
    ],
)
def test_a_finding_is_named_and_the_run_is_not_clean(finding: str, changes: dict[str, Any]):
    verdict = report.summary(seen(**changes))

    assert verdict[finding]
    assert not report.is_clean(verdict)


def test_a_ledger_that_does_not_verify_is_not_clean():
    assert not report.is_clean(report.summary(seen(is_ledger_whole=False)))
