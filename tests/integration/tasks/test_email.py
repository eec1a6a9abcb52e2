from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from buffrsign.core.errors import InDoubt, Permanent, Transient
from buffrsign.core.ids import new_ulid
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import (
    DeliveryFailedEmail,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.delivery import MailDeferred, MailRefused
from buffrsign.mail.record import DeliveryRecord
from buffrsign.mail.states import Event, Source, State
from buffrsign.mail.suppression import SuppressionList
from buffrsign.requests import WhyNotAwaited
from buffrsign.testing import RecordingProducer
from config.services import Services
from tasks.email import send_document_completed, send_signature_reminder, send_signature_request
from tests.support.clock import NOON, StoppedClock
from tests.support.family import actions, use_mail_server
from tests.support.letters import ADDRESS, COMPLETED, HOST, REMINDER, REQUEST
from tests.support.mail_records import bring_to, claimed, report_of
from tests.support.requests import DOCUMENT, declined, open_job, reassigned, signed, signer, voided
from tests.support.smtp import DROP, Script, ScriptedSmtp


def recorded(enqueued: RecordingProducer) -> RecordEvent:
    """The one entry that was asked for."""
    [entry] = enqueued.jobs(RecordEvent)
    return entry


def test_a_letter_that_is_awaited_arrives_and_the_entry_says_who_took_it(services, mail, enqueued):
    services.requests.open(open_job(signer("anna")))

    done = send_signature_request.run(REQUEST, services)

    [letter] = mail.messages()
    assert (letter["X-RcptTo"], done.outcome) == (ADDRESS, f"accepted by {HOST}")
    assert "https://sign.example.com/doc_7/anna" in letter.get_body(("plain",)).get_content()
    entry = recorded(enqueued)
    assert (entry.action, entry.document_id, entry.occurred_at) == ("letter.accepted", DOCUMENT, NOON)
    assert entry.details == {
        "letter": "email.signature_request",
        "round": 1,
        "recipient_id": "anna",
        "awaited": "yes",
        "host": HOST,
    }


def not_awaited(services: Services, clock: StoppedClock) -> dict[WhyNotAwaited, Callable[[], object]]:
    """How each reason comes about; the letter is always Anna's."""
    requests = services.requests
    anna, ben = signer("anna"), signer("ben")

    def after(*events: Any) -> None:
        requests.open(open_job(anna, ben))
        for event in events:
            requests.record(event)

    def expire() -> None:
        requests.open(open_job(anna, expires_at=NOON + timedelta(days=1)))
        clock.advance(timedelta(days=1))

    return {
        WhyNotAwaited.SIGNED: lambda: after(signed("anna")),
        WhyNotAwaited.COMPLETED: lambda: after(signed("anna"), signed("ben")),
        WhyNotAwaited.DECLINED: lambda: after(declined("ben")),
        WhyNotAwaited.VOIDED: lambda: after(voided()),
        WhyNotAwaited.REASSIGNED: lambda: after(reassigned("anna", to="dora")),
        WhyNotAwaited.EXPIRED: expire,
        WhyNotAwaited.NOT_THEIR_TURN: lambda: requests.open(open_job(ben, signer("anna", order=2))),
        WhyNotAwaited.NOT_A_SIGNER: lambda: requests.open(open_job(ben)),
    }


@pytest.mark.parametrize("send", [send_signature_request, send_signature_reminder], ids=["request", "reminder"])
@pytest.mark.parametrize("reason", WhyNotAwaited)
def test_a_letter_that_nobody_awaits_is_dropped_with_its_reason(services, mail, enqueued, clock, reason, send):
    not_awaited(services, clock)[reason]()

    done = send.run(REQUEST if send is send_signature_request else REMINDER, services)

    assert mail.messages() == []
    assert done.outcome == f"dropped: {reason.value}"
    entry = recorded(enqueued)
    assert (entry.action, entry.details["reason"]) == ("letter.dropped", reason.value)
    assert [known.job for known in enqueued.enqueued] == [entry]


@pytest.mark.parametrize("document_id", [None, "doc_of_another_service"])
def test_a_loose_letter_is_sent_and_the_entry_says_that_nobody_knew_whether_it_is_awaited(
    services, mail, enqueued, document_id
):
    loose = msgspec.structs.replace(REQUEST, document_id=document_id, recipient=Recipient(ADDRESS))

    send_signature_request.run(loose, services)

    assert len(mail.messages()) == 1
    entry = recorded(enqueued)
    assert (entry.action, entry.document_id, entry.details["awaited"]) == ("letter.accepted", document_id, "unknown")
    assert entry.details["recipient_id"] is None


@pytest.mark.parametrize(
    ("send", "letter"),
    [
        (send_signature_request, REQUEST),
        (send_signature_reminder, REMINDER),
        (send_document_completed, COMPLETED),
    ],
    ids=["request", "reminder", "completed"],
)
def test_no_entry_holds_an_address_or_a_name(services, mail, enqueued, send, letter):
    services.requests.open(open_job(signer("anna")))

    send.run(letter, services)

    written = msgspec.json.encode(recorded(enqueued)).decode()
    assert "letter.accepted" in written
    assert ADDRESS not in written
    assert "Anna" not in written


def test_a_job_that_is_delivered_again_after_its_success_sends_nothing_and_keeps_its_entry(services, mail, enqueued):
    services.requests.open(open_job(signer("anna")))
    send_signature_request.run(REQUEST, services)

    again = send_signature_request.run(REQUEST, services)

    assert len(mail.messages()) == 1
    assert again.outcome == f"was accepted by {HOST} already"
    assert actions(enqueued) == ["letter.accepted"]


def test_a_crash_between_the_mail_servers_word_and_the_entry_is_made_good_by_the_repeat(services, mail, enqueued):
    services.requests.open(open_job(signer("anna")))
    services.post_office.deliver(REQUEST)

    send_signature_request.run(REQUEST, services)

    assert len(mail.messages()) == 1
    assert actions(enqueued) == ["letter.accepted"]


def test_a_letter_whose_first_try_died_while_handing_over_is_uncertain_and_not_sent(services, mail, enqueued):
    services.requests.open(open_job(signer("anna")))
    claimed(DeliveryRecord(services.database, clock=services.clock), REQUEST)

    with pytest.raises(InDoubt, match="mail uncertain list"):
        send_signature_request.run(REQUEST, services)

    assert mail.messages() == []
    entry = recorded(enqueued)
    assert (entry.action, entry.details["host"]) == ("letter.uncertain", "mx.example")


@pytest.mark.parametrize(
    ("state", "action"),
    [(State.ACCEPTED, "letter.accepted"), (State.HANDING_OVER, "letter.uncertain")],
    ids=["accepted", "died while handing over"],
)
def test_a_letter_that_went_out_before_its_signer_signed_is_not_called_dropped(services, mail, enqueued, state, action):
    services.requests.open(open_job(signer("anna"), signer("ben")))
    bring_to(DeliveryRecord(services.database, clock=services.clock), REQUEST, state)
    services.requests.record(signed("anna"))

    with pytest.raises(InDoubt) if state is State.HANDING_OVER else nullcontext():
        send_signature_request.run(REQUEST, services)

    assert mail.messages() == []
    assert actions(enqueued) == [action]


def test_a_letter_whose_answer_was_lost_is_uncertain_and_goes_out_once(services, enqueued):
    services.requests.open(open_job(signer("anna")))

    with ScriptedSmtp(Script(end_of_data=DROP), Script()) as server:
        use_mail_server(services, server.port)
        for _ in range(2):
            with pytest.raises(InDoubt):
                send_signature_request.run(REQUEST, services)

    assert len(server.messages) == 1
    assert actions(enqueued) == ["letter.uncertain"]


@pytest.mark.parametrize(
    ("script", "error", "who_must_act", "state", "entries"),
    [
        (Script(rcpt="450 4.2.0 greylisted"), MailDeferred, Transient, State.DEFERRED, []),
        (Script(end_of_data="452 4.3.1 disk full"), MailDeferred, Transient, State.DEFERRED, []),
        (Script(rcpt="550 5.1.1 no such user"), MailRefused, Permanent, State.BOUNCED, ["letter.bounced"]),
        (Script(end_of_data="554 5.6.0 spam"), MailRefused, Permanent, State.BOUNCED, ["letter.bounced"]),
    ],
    ids=["4xx to the address", "4xx to the letter", "5xx to the address", "5xx to the letter"],
)
def test_a_letter_that_is_turned_away_for_now_leaves_no_entry_and_one_that_is_refused_leaves_one(
    services, enqueued, script, error, who_must_act, state, entries
):
    services.requests.open(open_job(signer("anna")))

    with ScriptedSmtp(script) as server:
        use_mail_server(services, server.port)
        with pytest.raises(error) as turned_away:
            send_signature_reminder.run(REMINDER, services)

    assert isinstance(turned_away.value, who_must_act)
    assert ADDRESS not in str(turned_away.value)
    assert actions(enqueued) == entries
    unreached = [letter.unreached.email for letter in enqueued.jobs(DeliveryFailedEmail)]
    assert unreached == [ADDRESS] * len(entries)
    record = DeliveryRecord(services.database, clock=services.clock)
    assert record.find(REMINDER.job_id).state is state


def test_a_deferred_letter_is_accepted_when_it_is_tried_again(services, enqueued):
    services.requests.open(open_job(signer("anna")))

    with ScriptedSmtp(Script(rcpt=["450 4.2.0 greylisted", "250 ok"])) as server:
        use_mail_server(services, server.port)
        with pytest.raises(MailDeferred):
            send_signature_request.run(REQUEST, services)
        send_signature_request.run(REQUEST, services)

    assert len(server.messages) == 1
    assert actions(enqueued) == ["letter.accepted"]


def test_a_deferred_letter_is_dropped_when_nobody_awaits_it_any_more(services, enqueued):
    services.requests.open(open_job(signer("anna"), signer("ben")))

    with ScriptedSmtp(Script(rcpt="450 4.2.0 greylisted"), Script()) as server:
        use_mail_server(services, server.port)
        with pytest.raises(MailDeferred):
            send_signature_request.run(REQUEST, services)
        services.requests.record(signed("anna"))
        send_signature_request.run(REQUEST, services)

    assert server.messages == []
    assert actions(enqueued) == ["letter.dropped"]


def test_the_request_and_the_reminder_of_one_round_are_two_letters(services, mail, enqueued):
    services.requests.open(open_job(signer("anna")))

    send_signature_request.run(REQUEST, services)
    send_signature_reminder.run(REMINDER, services)

    assert len(mail.messages()) == 2


def test_a_letter_of_completion_goes_out_once_to_each_person(services, mail, enqueued):
    services.requests.open(open_job(signer("anna")))
    services.requests.record(signed("anna"))
    to_sender = msgspec.structs.replace(COMPLETED, job_id=new_ulid(), recipient=Recipient("sender@example.com"))

    for letter in (COMPLETED, to_sender, COMPLETED):
        send_document_completed.run(letter, services)

    assert sorted(letter["X-RcptTo"] for letter in mail.messages()) == [ADDRESS, "sender@example.com"]
    assert [entry.details["letter"] for entry in enqueued.jobs(RecordEvent)] == ["email.document_completed"] * 2


def test_a_suppressed_letter_ends_with_an_entry_that_names_no_server_and_no_address(services, mail, enqueued):
    services.requests.open(open_job(signer("anna")))
    SuppressionList(services.database, clock=services.clock).add(ADDRESS, why="Anna asked us to")

    done = send_signature_request.run(REQUEST, services)

    assert (mail.messages(), done.outcome) == ([], "suppressed: person")
    entry = recorded(enqueued)
    assert (entry.action, entry.details["reason"], "host" in entry.details) == ("letter.suppressed", "person", False)
    assert ADDRESS not in msgspec.json.encode(entry).decode()
    assert "Anna" not in msgspec.json.encode(entry).decode()


@pytest.mark.parametrize("source", [Source.DSN, Source.WEBHOOK])
def test_an_entry_says_on_whose_word_a_doubt_was_ended(services, mail, enqueued, source):
    services.requests.open(open_job(signer("anna")))
    record = DeliveryRecord(services.database, clock=services.clock)
    bring_to(record, REQUEST, State.UNCERTAIN)
    record.report(report_of(REQUEST, Event.DELIVERED, source=source))

    done = send_signature_request.run(REQUEST, services)

    assert (mail.messages(), done.outcome) == ([], "was accepted by mx.example already")
    entry = recorded(enqueued)
    assert (entry.action, entry.details["host"], entry.details["said_by"]) == ("letter.accepted", "mx.example", source)


def test_a_letter_that_came_back_ends_with_the_entry_of_a_bounce(services, mail, enqueued):
    services.requests.open(open_job(signer("anna")))
    record = DeliveryRecord(services.database, clock=services.clock)
    bring_to(record, REQUEST, State.UNCERTAIN)
    record.report(report_of(REQUEST, Event.BOUNCED, status="5.1.1"))

    with pytest.raises(MailRefused):
        send_signature_request.run(REQUEST, services)

    assert mail.messages() == []
    assert actions(enqueued) == ["letter.bounced"]


def test_only_an_entry_of_an_accepted_letter_says_accepted(services, enqueued, mail):
    services.requests.open(open_job(signer("anna")))
    record = DeliveryRecord(services.database, clock=services.clock)
    ends = [State.ACCEPTED, State.BOUNCED, State.COMPLAINED, State.UNCERTAIN, State.HANDING_OVER]
    letters = [msgspec.structs.replace(REQUEST, job_id=new_ulid(), round=round_) for round_, _ in enumerate(ends, 1)]
    other_jobs = [msgspec.structs.replace(letter, job_id=new_ulid()) for letter in letters]

    for end, letter, again in zip(ends, letters, other_jobs, strict=True):
        bring_to(record, letter, end)
        with suppress(InDoubt, MailRefused):
            send_signature_request.run(again, services)

    assert actions(enqueued) == [
        "letter.accepted",
        "letter.bounced",
        "letter.accepted",
        "letter.uncertain",
        "letter.uncertain",
    ]
    assert mail.messages() == []


def test_a_kind_that_is_resent_once_is_sent_again_after_a_doubt_unless_nobody_awaits_it(services, enqueued):
    services.requests.open(open_job(signer("anna"), signer("ben")))
    services.settings = msgspec.structs.replace(services.settings, on_doubt="email.signature_request=resend_once")
    wanted, unwanted = REQUEST, msgspec.structs.replace(REQUEST, job_id=new_ulid(), round=2)

    with ScriptedSmtp(Script(end_of_data=DROP), Script(end_of_data=DROP), Script()) as server:
        use_mail_server(services, server.port)
        for letter in (wanted, unwanted):
            with pytest.raises(Transient):
                send_signature_request.run(letter, services)
        send_signature_request.run(wanted, services)
        services.requests.record(signed("anna"))
        with pytest.raises(InDoubt):
            send_signature_request.run(unwanted, services)

    assert len(server.messages) == 3
    assert actions(enqueued) == ["letter.accepted", "letter.uncertain"]
