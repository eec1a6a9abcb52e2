"""Letters at any point of their lives, and reports about them."""

from datetime import datetime
from itertools import count

from buffrsign.jobs.email import Letter
from buffrsign.mail.record import Claimed, DeliveryRecord
from buffrsign.mail.reports import Report
from buffrsign.mail.states import Event, Source, State
from tests.support.mail import NOW

HOST = "mx.example"

_numbers = count(1)


def message_id_of(job: Letter) -> str:
    """The Message-ID that the letter of this job gets."""
    return f"<{job.job_id.lower()}@buffrsign.example>"


def claimed(record: DeliveryRecord, job: Letter) -> Claimed:
    """The claim of a letter that MUST be free."""
    claim = record.claim(job, host=HOST, message_id=message_id_of(job))
    assert isinstance(claim, Claimed), claim
    return claim


def bring_to(record: DeliveryRecord, job: Letter, state: State) -> None:
    """Take a letter that nobody tried to this state, in the way that leads there."""
    match state:
        case State.HANDING_OVER:
            claimed(record, job)
        case State.SUPPRESSED:
            record.not_sent(job, state, message_id=message_id_of(job), response="complaint")
        case State.COMPLAINED:
            record.settle(claimed(record, job), State.ACCEPTED, host=HOST, response="250 2.0.0 queued")
            record.report(report_of(job, Event.COMPLAINED))
        case _:
            record.settle(claimed(record, job), state, host=HOST, response=_SAID.get(state, ""))


_SAID = {State.ACCEPTED: "250 2.0.0 queued", State.DEFERRED: "450 4.2.0 greylisted", State.BOUNCED: "554 5.6.0 spam"}


def report_of(
    job: Letter,
    event: Event,
    *,
    status: str = "",
    response: str = "",
    source: Source = Source.DSN,
    report_id: str | None = None,
    at: datetime = NOW,
) -> Report:
    """A report about the letter of this job, by its Message-ID; each has an id of its own."""
    return Report(
        report_id=report_id or f"report {next(_numbers)}",
        event=event,
        source=source,
        at=at,
        message_id=message_id_of(job),
        host="mx.far.example",
        response=response,
        status=status,
    )
