"""The tasks of every letter: each is sent once; those that ask for a signature only while it is awaited."""

from datetime import timedelta

import msgspec
import pytest

from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import LastChanceEmail, OneTimeCodeEmail, SignerReassignedEmail, Wording
from buffrsign.mail.samples import SAMPLES
from buffrsign.mail.wording import WordingRefused
from buffrsign.testing import RecordingProducer
from tasks import email
from tasks.email import send_last_chance, send_one_time_code, send_signature_request, send_signer_reassigned
from tests.support.clock import NOON
from tests.support.family import actions, use_mail_server
from tests.support.requests import open_job, signed, signer
from tests.support.smtp import Script, ScriptedSmtp

HOST = "127.0.0.1"
SEND = {task.name: task for name, task in vars(email).items() if name.startswith("send_")}
CODE = SAMPLES["email.one_time_code"]
ANNA = msgspec.structs.replace(SAMPLES["email.last_chance"].recipient, recipient_id="anna")


def recorded(enqueued: RecordingProducer) -> RecordEvent:
    """The one entry that was asked for."""
    [entry] = enqueued.jobs(RecordEvent)
    return entry


def test_every_kind_of_letter_has_a_task():
    assert set(SEND) == set(SAMPLES)


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_letter_is_sent_once_however_often_its_job_is_delivered(services, mail, enqueued, kind):
    for _ in range(2):
        SEND[kind].run(SAMPLES[kind], services)

    [letter] = mail.messages()
    assert letter["X-RcptTo"] == SAMPLES[kind].recipient.email
    entry = recorded(enqueued)
    assert (entry.action, entry.details["letter"], entry.details["host"]) == ("letter.accepted", kind, HOST)


@pytest.mark.parametrize("kind", SAMPLES)
def test_no_entry_says_what_its_letter_says(services, mail, enqueued, kind):
    SEND[kind].run(SAMPLES[kind], services)

    entry = msgspec.json.encode(recorded(enqueued)).decode()
    assert not [said for said in ("@", "Anna", "Ndapewa", "Service agreement", "https", "482-915") if said in entry]


@pytest.mark.parametrize("send", [send_last_chance, send_signer_reassigned], ids=["last chance", "reassigned"])
def test_a_letter_that_asks_for_a_signature_is_dropped_once_it_is_given(services, mail, enqueued, send):
    kind = LastChanceEmail if send is send_last_chance else SignerReassignedEmail
    services.requests.open(open_job(signer("anna"), signer("ben")))
    services.requests.record(signed("anna"))

    done = send.run(msgspec.structs.replace(SAMPLES[kind.kind], recipient=ANNA), services)

    assert (mail.messages(), done.outcome) == ([], "dropped: signed")
    assert actions(enqueued) == ["letter.dropped"]


def test_a_code_that_is_no_longer_valid_is_not_sent(services, mail, enqueued, clock):
    code = msgspec.structs.replace(CODE, expires_at=NOON + timedelta(minutes=10))
    clock.advance(timedelta(minutes=10))

    done = send_one_time_code.run(code, services)

    assert (mail.messages(), done.outcome) == ([], "dropped: expired")


def test_a_code_that_went_out_in_time_is_not_called_dropped(services, mail, enqueued, clock):
    code = msgspec.structs.replace(CODE, expires_at=NOON + timedelta(minutes=10))
    services.post_office.deliver(code)
    clock.advance(timedelta(minutes=10))

    send_one_time_code.run(code, services)

    assert len(mail.messages()) == 1
    assert actions(enqueued) == ["letter.accepted"]


def test_two_codes_for_one_person_are_two_letters(services, mail):
    for job_id in ("01ARZ3NDEKTSV4RRFFQ69G5FAA", "01ARZ3NDEKTSV4RRFFQ69G5FAB"):
        send_one_time_code.run(OneTimeCodeEmail(job_id=job_id, recipient=ANNA, code="482915"), services)

    assert len(mail.messages()) == 2


def test_a_wording_that_cannot_be_written_troubles_no_mail_server(services, enqueued):
    sample = SAMPLES["email.signature_request"]
    wording = Wording(subject="{{ name.__class__ }}")

    with ScriptedSmtp(Script()) as server:
        use_mail_server(services, server.port)
        with pytest.raises(WordingRefused, match="own subject cannot be written"):
            send_signature_request.run(msgspec.structs.replace(sample, wording=wording), services)

    assert server.sessions == 0
    assert enqueued.enqueued == []
