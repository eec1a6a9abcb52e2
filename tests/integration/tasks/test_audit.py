from datetime import timedelta

import msgspec
import pytest

from buffrsign.core.errors import Permanent
from buffrsign.core.ids import new_ulid
from buffrsign.jobs.audit import RecordEvent
from buffrsign.ledger import EntryIdTaken, Verified
from config.services import Services
from tasks.audit import record_event
from tests.support.clock import NOON, StoppedClock

EVENT = RecordEvent(
    entry_id="entry_1",
    action="document.viewed",
    occurred_at=NOON - timedelta(hours=3),
    document_id="doc_7",
    actor="anna",
    details={"pages": 3},
)


def test_an_event_becomes_an_entry_with_its_own_time_and_the_ledgers(services: Services, clock: StoppedClock):
    done = record_event.run(EVENT, services)

    [stored] = services.ledger.entries()
    assert (done.outcome, done.data) == ("entry 1: document.viewed", {"sequence": 1})
    assert (stored.entry.occurred_at, stored.entry.recorded_at) == (EVENT.occurred_at, clock())
    assert (stored.entry.document_id, stored.entry.actor, stored.entry.details) == ("doc_7", "anna", {"pages": 3})


@pytest.mark.parametrize("job_id", [EVENT.job_id, new_ulid()], ids=["same job", "another job"])
def test_an_event_that_comes_again_is_not_appended_again(services: Services, clock: StoppedClock, job_id: str):
    record_event.run(EVENT, services)
    clock.advance(timedelta(days=2))

    again = record_event.run(msgspec.structs.replace(EVENT, job_id=job_id), services)

    assert (again.outcome, again.data) == ("was entry 1 already", {"sequence": 1})
    assert len(services.ledger.entries()) == 1


@pytest.mark.parametrize("changed", [{"action": "document.deleted"}, {"document_id": "doc_8"}], ids=str)
def test_another_event_under_the_same_entry_id_is_for_a_person(services: Services, changed: dict[str, str]):
    record_event.run(EVENT, services)

    with pytest.raises(EntryIdTaken, match="entry 1 has the id entry_1 already") as refused:
        record_event.run(msgspec.structs.replace(EVENT, job_id=new_ulid(), **changed), services)

    assert isinstance(refused.value, Permanent)
    assert [stored.entry.action for stored in services.ledger.entries()] == ["document.viewed"]


def test_what_was_recorded_can_be_verified(services: Services):
    for number in range(3):
        record_event.run(msgspec.structs.replace(EVENT, job_id=new_ulid(), entry_id=f"entry_{number}"), services)

    verdict = services.ledger.verify()

    assert isinstance(verdict, Verified)
    assert verdict.entries == 3
