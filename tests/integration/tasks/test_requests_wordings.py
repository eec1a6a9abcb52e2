"""A customer's own words: kept with the request, in every letter that follows, and refused where they are given."""

from datetime import timedelta

import msgspec
import pytest

from buffrsign.jobs import PayloadRefused, encode
from buffrsign.jobs.email import (
    DocumentCompletedEmail,
    LastChanceEmail,
    Letter,
    RequestDeclinedEmail,
    RequestExpiredEmail,
    RequestVoidedEmail,
    SignatureReminderEmail,
    SignatureRequestEmail,
    Wording,
)
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import Event, ExpireRequest, Signer, Wordings
from buffrsign.mail.samples import SAMPLES
from buffrsign.mail.wording import WordingRefused
from buffrsign.requests import Told
from tasks.email import send_signature_reminder, send_signature_request
from tasks.requests import expire_request, open_request, record_signer_event
from tests.support.clock import NOON
from tests.support.letters import POLICY
from tests.support.requests import DOCUMENT, declined, event, open_job, signed, signer, voided

ANNA = signer("anna")
ENDS = NOON + timedelta(days=30)


def own(letter: str) -> Wording:
    """A wording that says for which letter it is."""
    return Wording(subject=f"{letter}: {{{{ document_title }}}}", message=f"Our own {letter}.")


OWN = Wordings(**{letter: own(letter) for letter in Wordings.__struct_fields__})


def asked(*signers: Signer, wordings: Wordings = OWN):
    return open_job(*(signers or (ANNA,)), reminders=POLICY, expires_at=ENDS, wordings=wordings)


@pytest.mark.parametrize(
    ("events", "contract"),
    [
        ([], SignatureRequestEmail),
        ([event(Event.REMIND_NOW, recipient_id="anna")], SignatureReminderEmail),
        ([signed("anna")], DocumentCompletedEmail),
        ([declined("anna")], RequestDeclinedEmail),
        ([voided()], RequestVoidedEmail),
    ],
    ids=lambda value: value.kind if isinstance(value, type) else "",
)
def test_every_letter_of_a_request_has_the_words_that_were_given_for_it(services, enqueued, events, contract):
    open_request.run(asked(), services)
    anna = Recipient("anna@example.com", recipient_id="anna")
    services.requests.note_told(DOCUMENT, anna, letter=Told.REQUEST, round_=1)

    for each in events:
        record_signer_event.run(each, services)

    assert {letter.wording for letter in enqueued.jobs(contract)} == {OWN.of(contract.kind)}


def test_the_letter_about_an_expiry_has_the_words_that_were_given_for_it(services, enqueued, clock):
    open_request.run(asked(), services)
    clock.now = ENDS

    expire_request.run(enqueued.jobs(ExpireRequest)[0], services)

    [letter] = enqueued.jobs(RequestExpiredEmail)
    assert letter.wording == own("request_expired")


@pytest.mark.parametrize(
    ("contract", "until"),
    [(SignatureReminderEmail, timedelta(days=30)), (LastChanceEmail, timedelta(days=3))],
    ids=["reminder", "last chance"],
)
def test_what_follows_a_letter_has_words_of_its_own_and_not_those_of_that_letter(
    services, mail, enqueued, contract: type[Letter], until
):
    job = msgspec.structs.replace(asked(), expires_at=NOON + until)
    open_request.run(job, services)

    send_signature_request.run(enqueued.jobs(SignatureRequestEmail)[0], services)

    [letter] = mail.messages()
    assert letter["Subject"] == "signature_request: Service agreement"
    [following] = enqueued.jobs(contract)
    assert following.wording == OWN.of(contract.kind)


def test_a_letter_for_which_no_words_were_given_says_ours(services, mail, enqueued):
    open_request.run(asked(wordings=Wordings(signature_request=own("signature_request"))), services)

    send_signature_request.run(enqueued.jobs(SignatureRequestEmail)[0], services)

    [reminder] = enqueued.jobs(SignatureReminderEmail)
    assert reminder.wording is None


@pytest.mark.parametrize(
    ("wordings", "reason"),
    [
        (
            Wordings(signature_reminder=Wording(subject="{{ naem }}")),
            "own subject of signature_reminder .* a word that",
        ),
        (
            Wordings(signature_request=Wording(message="{{ signed }}")),
            "own message of signature_request .* a word that",
        ),
        (Wordings(request_expired=Wording(message="{% for x in y %}")), "own message of request_expired"),
        (Wordings(last_chance=Wording(subject="{{ name.__class__ }}")), "own subject of last_chance"),
        (Wordings(document_completed=Wording(subject="{{ name }}" * 30)), "document_completed .* 330 characters"),
        (Wordings(request_declined=Wording(message="{% if not asked %}x")), "own message of request_declined"),
    ],
    ids=["unknown word", "another letter's word", "a loop", "an attribute", "too long once filled in", "no template"],
)
def test_words_that_cannot_be_written_are_refused_before_anybody_is_asked(services, enqueued, wordings, reason):
    ben = msgspec.structs.replace(signer("ben"), name="Benediktus!")

    with pytest.raises(WordingRefused, match=reason):
        open_request.run(asked(ANNA, ben, wordings=wordings), services)

    assert services.requests.find(DOCUMENT) is None
    assert enqueued.enqueued == []


def test_every_letter_that_takes_a_wording_can_be_given_one():
    takes = {letter.kind for letter in SAMPLES.values() if "wording" in letter.__struct_fields__}

    assert {kind for kind in SAMPLES if OWN.of(kind)} == takes


def test_a_subject_of_two_lines_does_not_leave_its_producer():
    injecting = Wordings(signature_request=Wording(subject="Please sign\r\nBcc: else@example.com"))

    with pytest.raises(PayloadRefused, match=r"one line .* at `\$.wordings.signature_request.subject`"):
        encode(asked(wordings=injecting))


def test_words_that_fit_no_longer_are_left_out_and_the_letter_is_sent(services, mail, enqueued, clock):
    wordings = Wordings(signature_reminder=Wording(subject="{% if days_left %}{{ days_left }} days left{% endif %}"))
    open_request.run(asked(wordings=wordings), services)
    record_signer_event.run(event(Event.REMIND_NOW, recipient_id="anna"), services)
    clock.now = ENDS - timedelta(hours=1)

    done = send_signature_reminder.run(enqueued.jobs(SignatureReminderEmail)[0], services)

    assert done.outcome.startswith("accepted")
    [letter] = mail.messages()
    assert "Service agreement" in letter["Subject"]
    assert "days left" not in letter["Subject"]


def test_an_opening_that_comes_again_when_its_words_fit_no_longer_is_still_open(services, clock):
    job = asked(wordings=Wordings(signature_reminder=Wording(subject="{% if days_left %}Soon{% endif %}")))
    open_request.run(job, services)
    clock.now = ENDS - timedelta(hours=1)

    assert open_request.run(job, services).outcome == "opened, 1 asked"


def test_an_opening_that_comes_again_with_other_words_is_another_one(services):
    open_request.run(asked(), services)

    assert not services.requests.open(asked(wordings=Wordings())).identical
    assert services.requests.open(asked()).identical
