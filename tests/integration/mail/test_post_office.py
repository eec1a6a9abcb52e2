import email
import email.policy

import msgspec
import pytest

from buffrsign.core.ids import new_ulid
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.delivery import Accepted, MailDeferred, Mailer, MailRefused
from buffrsign.mail.letters import Letters
from buffrsign.mail.post_office import PostOffice
from buffrsign.mail.record import AlreadyAccepted, DeliveryRecord, State, Uncertain
from buffrsign.mail.unsubscribe import UnsubscribeLinks
from tests.support.database import migrated_database
from tests.support.mail import EVERY_LETTER, NOW, REMINDER, REQUEST
from tests.support.smtp import DROP, Script, ScriptedSmtp

HOST = "127.0.0.1"
SAME_LETTER = msgspec.structs.replace(REQUEST, job_id=new_ulid())


@pytest.fixture
def record(tmp_path):
    with migrated_database(tmp_path) as database:
        yield DeliveryRecord(database, clock=lambda: NOW)


@pytest.fixture
def office(record):
    """Opens a post office that uses the given server."""

    def open_office(server: ScriptedSmtp) -> PostOffice:
        mailer = Mailer(server.as_server(), ehlo_name="worker.example")  # forgotten with the office, and closed then
        letters = Letters("no-reply@buffrsign.example")
        return PostOffice(letters, mailer=mailer, record=record, clock=lambda: NOW)

    return open_office


def test_each_letter_arrives_with_its_job_s_message_id(office):
    with ScriptedSmtp() as server:
        for letter in EVERY_LETTER:
            assert office(server).deliver(letter) == Accepted(HOST, "250 2.0.0 queued as 4711")

    arrived = [email.message_from_bytes(raw, policy=email.policy.default) for raw in server.messages]
    assert [message["Message-ID"] for message in arrived] == [
        f"<{letter.job_id.lower()}@buffrsign.example>" for letter in EVERY_LETTER
    ]


@pytest.mark.parametrize("again", [REQUEST, SAME_LETTER], ids=["same job", "same letter"])
def test_an_accepted_letter_is_not_sent_again_and_the_server_is_not_asked(office, again):
    with ScriptedSmtp() as server:
        office(server).deliver(REQUEST)

        assert office(server).deliver(again) == AlreadyAccepted(HOST)

    assert server.sessions == 1


@pytest.mark.parametrize(
    "script",
    [Script(greeting=DROP), Script(rcpt="450 4.2.0 greylisted"), Script(end_of_data="452 4.3.1 disk full")],
    ids=str,
)
def test_a_deferred_letter_goes_out_when_it_is_tried_again(office, record, script):
    with ScriptedSmtp(script, Script()) as server:
        with pytest.raises(MailDeferred):
            office(server).deliver(REQUEST)
        assert record.find(REQUEST.job_id).state is State.DEFERRED

        assert office(server).deliver(REQUEST) == Accepted(HOST, "250 2.0.0 queued as 4711")

    assert record.find(REQUEST.job_id).attempts == 2


@pytest.mark.parametrize(
    "script", [Script(rcpt="550 5.1.1 no such user"), Script(end_of_data="554 5.6.0 spam")], ids=str
)
def test_a_refusal_is_recorded_in_the_server_s_own_words_and_stands_for_other_jobs(office, record, script):
    with ScriptedSmtp(script) as server:
        with pytest.raises(MailRefused):
            office(server).deliver(REQUEST)
        with pytest.raises(MailRefused, match="earlier job"):
            office(server).deliver(SAME_LETTER)

    delivery = record.find(REQUEST.job_id)
    assert delivery.state is State.REFUSED
    assert delivery.response in {script.rcpt, script.end_of_data}
    assert server.sessions == 1


def test_a_letter_whose_answer_was_lost_is_uncertain_and_never_resent(office, record):
    with ScriptedSmtp(Script(end_of_data=DROP), Script()) as server:
        assert office(server).deliver(REQUEST) == Uncertain(HOST)
        assert office(server).deliver(REQUEST) == Uncertain(HOST)

    assert record.find(REQUEST.job_id).state is State.UNCERTAIN
    assert len(server.messages) == 1


def test_a_letter_left_in_the_middle_by_a_crash_is_uncertain_and_not_resent(office, record):
    record.claim(REQUEST, host=HOST)

    with ScriptedSmtp() as server:
        assert office(server).deliver(REQUEST) == Uncertain(HOST)

    assert server.sessions == 0


def test_a_letter_that_another_job_takes_while_we_connect_is_left_to_it(record):
    class SlowClock:
        """Tells the time when the letter is dated, and lets another job claim it just then."""

        def __call__(self):
            record.claim(SAME_LETTER, host=HOST)
            return NOW

    with ScriptedSmtp() as server:
        mailer = Mailer(server.as_server(), ehlo_name="worker.example")
        office = PostOffice(Letters("us@example.com"), mailer=mailer, record=record, clock=SlowClock())

        assert office.deliver(REQUEST) == Uncertain(HOST)

    assert server.messages == []
    assert server.commands[-1] == "rset"


REFUSED_HERE = msgspec.structs.replace(REQUEST, recipient=Recipient("anna@-.example"))


def test_an_address_that_no_server_could_be_told_is_refused_and_recorded(office, record):
    with ScriptedSmtp() as server, pytest.raises(MailRefused):
        office(server).deliver(REFUSED_HERE)

    assert record.find(REFUSED_HERE.job_id).state is State.REFUSED
    assert server.sessions == 0


@pytest.mark.parametrize(("letter", "has_link"), [(REMINDER, True), (REQUEST, False)], ids=["reminder", "request"])
def test_only_a_reminder_can_be_unsubscribed_from(record, letter, has_link):
    links = UnsubscribeLinks("https://sign.example.com/unsubscribe", secret="a secret of sixteen")

    with ScriptedSmtp() as server, Mailer(server.as_server(), ehlo_name="worker.example") as mailer:
        letters = Letters("us@example.com")
        office = PostOffice(letters, mailer=mailer, record=record, clock=lambda: NOW, unsubscribe=links)
        office.deliver(letter)

    [raw] = server.messages
    assert (b"\r\nList-Unsubscribe: <https://sign.example.com/unsubscribe/doc_7/" in raw) is has_link
    assert (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw) is has_link
