import email
import email.policy

import msgspec
import pytest

from buffrsign.core.ids import new_ulid
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.delivery import Accepted, MailDeferred, Mailer, MailRefused
from buffrsign.mail.letters import Letters
from buffrsign.mail.post_office import PostOffice, Suppressed
from buffrsign.mail.record import AlreadyAccepted, DeliveryRecord, Uncertain
from buffrsign.mail.states import Event, OnDoubt, State
from buffrsign.mail.suppression import SuppressionList, Why
from buffrsign.mail.unsubscribe import UnsubscribeLinks
from tests.support.database import migrated_database
from tests.support.mail import ANNA, EVERY_LETTER, NOW, REMINDER, REQUEST
from tests.support.mail_records import claimed, report_of
from tests.support.smtp import DROP, Script, ScriptedSmtp

HOST = "127.0.0.1"
SAME_LETTER = msgspec.structs.replace(REQUEST, job_id=new_ulid())


@pytest.fixture
def database(tmp_path):
    with migrated_database(tmp_path) as database:
        yield database


@pytest.fixture
def record(database):
    return DeliveryRecord(database, clock=lambda: NOW)


@pytest.fixture
def suppressions(database):
    return SuppressionList(database, clock=lambda: NOW)


@pytest.fixture
def office(record, suppressions):
    """Opens a post office that uses the given server, and another record where one is given."""

    def open_office(server: ScriptedSmtp, *, record: DeliveryRecord = record) -> PostOffice:
        mailer = Mailer(server.as_server(), ehlo_name="worker.example")  # forgotten with the office, and closed then
        letters = Letters("no-reply@buffrsign.example")
        return PostOffice(letters, mailer=mailer, record=record, suppressions=suppressions, clock=lambda: NOW)

    return open_office


def message_ids(server: ScriptedSmtp) -> list[str]:
    """The Message-ID of each letter that arrived."""
    arrived = [email.message_from_bytes(raw, policy=email.policy.default) for raw in server.messages]
    return [message["Message-ID"] for message in arrived]


def test_each_letter_arrives_with_its_job_s_message_id(office):
    with ScriptedSmtp() as server:
        for letter in EVERY_LETTER:
            assert office(server).deliver(letter) == Accepted(HOST, "250 2.0.0 queued as 4711")

    assert message_ids(server) == [f"<{letter.job_id.lower()}@buffrsign.example>" for letter in EVERY_LETTER]


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
    assert delivery.state is State.BOUNCED
    assert delivery.response in {script.rcpt, script.end_of_data}
    assert server.sessions == 1


def test_a_letter_whose_answer_was_lost_is_uncertain_and_never_resent(office, record):
    with ScriptedSmtp(Script(end_of_data=DROP), Script()) as server:
        assert office(server).deliver(REQUEST) == Uncertain(HOST)
        assert office(server).deliver(REQUEST) == Uncertain(HOST)

    assert record.find(REQUEST.job_id).state is State.UNCERTAIN
    assert len(server.messages) == 1


def test_a_letter_left_in_the_middle_by_a_crash_is_uncertain_and_not_resent(office, record):
    claimed(record, REQUEST)

    with ScriptedSmtp() as server:
        assert office(server).deliver(REQUEST) == Uncertain("mx.example")

    assert server.sessions == 0


def test_a_letter_that_another_job_takes_while_we_connect_is_left_to_it(record, suppressions):
    class SlowClock:
        """Tells the time when the letter is dated, and lets another job claim it just then."""

        def __call__(self):
            record.claim(SAME_LETTER, host=HOST, message_id="<another@example.com>")
            return NOW

    with ScriptedSmtp() as server:
        mailer = Mailer(server.as_server(), ehlo_name="worker.example")
        letters = Letters("us@example.com")
        office = PostOffice(letters, mailer=mailer, record=record, suppressions=suppressions, clock=SlowClock())

        assert office.deliver(REQUEST) == Uncertain(HOST)

    assert server.messages == []
    assert server.commands[-1] == "rset"


def test_a_letter_that_is_tried_by_another_job_keeps_its_message_id(office):
    with ScriptedSmtp(Script(end_of_data="452 4.3.1 disk full"), Script()) as server:
        with pytest.raises(MailDeferred):
            office(server).deliver(REQUEST)
        office(server).deliver(SAME_LETTER)

    assert message_ids(server) == [f"<{REQUEST.job_id.lower()}@buffrsign.example>"] * 2


def test_a_suppressed_mailbox_gets_no_letter_and_no_server_is_asked(office, record, suppressions):
    suppressions.add("ANNA@example.com", why="she asked us to")

    with ScriptedSmtp() as server:
        assert office(server).deliver(REQUEST) == Suppressed(Why.PERSON)

    assert server.sessions == 0
    assert record.find(REQUEST.job_id).state is State.SUPPRESSED


def test_a_mailbox_that_was_cleared_gets_the_letter_that_was_suppressed(office, suppressions):
    suppressions.add(ANNA.email, why="she asked us to")

    with ScriptedSmtp() as server:
        office(server).deliver(REQUEST)
        suppressions.clear(ANNA.email, why="she asked us to go on")

        assert office(server).deliver(SAME_LETTER) == Accepted(HOST, "250 2.0.0 queued as 4711")


def test_what_was_accepted_before_its_mailbox_was_suppressed_stays_accepted(office, suppressions):
    with ScriptedSmtp() as server:
        office(server).deliver(REQUEST)
        suppressions.add(ANNA.email, why="she asked us to")

        assert office(server).deliver(REQUEST) == AlreadyAccepted(HOST)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Script(rcpt="550 5.1.1 no such user"), Why.HARD_BOUNCE),
        (Script(end_of_data="550 5.1.1 no such user"), Why.HARD_BOUNCE),
        (Script(rcpt="550 no such user"), None),
        (Script(mail="550 5.7.1 not from here"), None),
        (Script(end_of_data="554 5.6.0 spam"), None),
        (Script(rcpt="450 4.1.1 come back later"), None),
    ],
    ids=str,
)
def test_a_refusal_suppresses_the_mailbox_only_if_it_says_that_there_is_none(office, suppressions, script, reason):
    with ScriptedSmtp(script) as server, pytest.raises((MailRefused, MailDeferred)):
        office(server).deliver(REQUEST)

    assert suppressions.reason_for(ANNA.email) is reason
    assert [each.job_id for each in suppressions.select()] == ([REQUEST.job_id] if reason else [])


def test_a_kind_that_is_resent_once_comes_back_after_a_lost_answer_and_is_held_after_a_second(office, database):
    record = DeliveryRecord(database, clock=lambda: NOW, on_doubt={REQUEST.kind: OnDoubt.RESEND_ONCE})

    with ScriptedSmtp(Script(end_of_data=DROP)) as server:
        with pytest.raises(MailDeferred, match="sent once more"):
            office(server, record=record).deliver(REQUEST)
        for _ in range(2):
            assert office(server, record=record).deliver(REQUEST) == Uncertain(HOST)

    assert message_ids(server) == [f"<{REQUEST.job_id.lower()}@buffrsign.example>"] * 2


def test_a_letter_that_nobody_wants_any_more_is_not_resent_whatever_its_kind_allows(office, database):
    record = DeliveryRecord(database, clock=lambda: NOW, on_doubt={REQUEST.kind: OnDoubt.RESEND_ONCE})
    claimed(record, REQUEST)

    with ScriptedSmtp() as server:
        assert office(server, record=record).deliver(REQUEST, resend=False) == Uncertain("mx.example")

    assert server.sessions == 0


def test_a_letter_that_came_back_is_refused_to_every_job(office):
    with ScriptedSmtp() as server:
        office(server).deliver(REQUEST)
        office(server).report(report_of(REQUEST, Event.BOUNCED, status="5.1.1"))

        for job in (REQUEST, SAME_LETTER):
            with pytest.raises(MailRefused, match="or it came back"):
                office(server).deliver(job)

    assert server.sessions == 1


REFUSED_HERE = msgspec.structs.replace(REQUEST, recipient=Recipient("anna@-.example"))


def test_an_address_that_no_server_could_be_told_is_refused_and_recorded(office, record):
    with ScriptedSmtp() as server, pytest.raises(MailRefused):
        office(server).deliver(REFUSED_HERE)

    assert record.find(REFUSED_HERE.job_id).state is State.BOUNCED
    assert server.sessions == 0


@pytest.mark.parametrize(("letter", "has_link"), [(REMINDER, True), (REQUEST, False)], ids=["reminder", "request"])
def test_only_a_reminder_can_be_unsubscribed_from(record, suppressions, letter, has_link):
    links = UnsubscribeLinks("https://sign.example.com/unsubscribe", secret="a secret of sixteen")

    with ScriptedSmtp() as server, Mailer(server.as_server(), ehlo_name="worker.example") as mailer:
        letters = Letters("us@example.com")
        office = PostOffice(
            letters, mailer=mailer, record=record, suppressions=suppressions, clock=lambda: NOW, unsubscribe=links
        )
        office.deliver(letter)

    [raw] = server.messages
    assert (b"\r\nList-Unsubscribe: <https://sign.example.com/unsubscribe/doc_7/" in raw) is has_link
    assert (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw) is has_link
