"""Letters as an operator decides about them, on a real broker and a real database."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from buffrsign import JobStatus, Producer, State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.broker.deliveries import Deliveries, Delivery
from buffrsign.broker.overview import list_jobs
from buffrsign.core.clock import utc_now
from buffrsign.core.ids import new_ulid
from buffrsign.core.sql import Database, migrate
from buffrsign.jobs import encode
from buffrsign.jobs.email import Letter
from buffrsign.mail.record import AlreadyAccepted, Claimed, DeliveryRecord
from buffrsign.mail.states import Source
from buffrsign.mail.states import State as LetterState
from buffrsign.mail.suppression import SuppressionList, Why
from buffrsign.requests import SignatureRequests
from tests.support.bounce_messages import bounce, complaint, nested
from tests.support.broker import TestBroker
from tests.support.cli import Run, status_of
from tests.support.mail import ANNA, REMINDER, REQUEST
from tests.support.mail_records import HOST, bring_to, message_id_of
from tests.support.requests import open_job, signer

LETTER = msgspec.structs.replace(REQUEST, job_id=new_ulid())
OURS = message_id_of(LETTER)


@pytest.fixture
def database(broker: TestBroker, tmp_path: Path) -> Iterator[Database]:
    database = Database(broker.environment(tmp_path)["BUFFRSIGN_DATABASE_URL"])
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def record(database: Database) -> DeliveryRecord:
    return DeliveryRecord(database, clock=utc_now)


@pytest.fixture
def suppressions(database: Database) -> SuppressionList:
    return SuppressionList(database, clock=utc_now)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bounces"
    folder.mkdir()
    return folder


def doubt(record: DeliveryRecord, broker: TestBroker, producer: Producer, letter: Letter = LETTER) -> str:
    """An uncertain letter, and its job, which died of that; its id."""
    bring_to(record, letter, LetterState.UNCERTAIN)
    producer.enqueue(letter)
    request = {"id": letter.job_id, "task": letter.kind, "args": [encode(letter)], "kwargs": {}}
    deliveries = Deliveries(broker.client)
    delivery = Delivery(letter.job_id, letter.kind, "email", "email@here", request)
    deliveries.begin(delivery)
    deliveries.bury(delivery, reason=Reason.UNCERTAIN, error="nobody heard")
    return letter.job_id


def entries(broker: TestBroker) -> list[JobStatus]:
    """The audit entries that were asked for."""
    return [job for job in list_jobs(broker.client, state=None, queue=None) if job.kind == "audit.record_event"]


def read(run: Run, *arguments: str, stdin: bytes | None = None) -> list[dict[str, object]]:
    shown = run("mail", "bounces", *arguments, "--json", stdin=stdin)
    assert shown.exit_code == 0, shown.stderr
    return json.loads(shown.stdout)


def test_uncertain_letters_are_listed_with_what_to_look_for_and_without_their_people(
    run: Run, record: DeliveryRecord, broker: TestBroker, producer: Producer
) -> None:
    job_id = doubt(record, broker, producer)

    [shown] = json.loads(run("mail", "uncertain", "list", "--json").stdout)
    text = run("mail", "uncertain", "list").stdout

    assert (shown["job_id"], shown["host"], shown["message_id"]) == (job_id, HOST, OURS)
    assert OURS in text
    assert ANNA.email not in text
    assert ANNA.email in run("mail", "uncertain", "list", "--people").stdout


def test_where_no_letter_is_uncertain_the_list_says_so(run: Run, database: Database) -> None:
    assert run("mail", "uncertain", "list").stdout == "No letter is uncertain.\n"
    assert json.loads(run("mail", "uncertain", "list", "--json").stdout) == []


def test_a_resent_letter_s_job_comes_back_and_may_send_it_once_more(
    run: Run, record: DeliveryRecord, broker: TestBroker, producer: Producer
) -> None:
    job_id = doubt(record, broker, producer)

    shown = run("mail", "uncertain", "resend", job_id, "--why", "it is not in the server's log", "--json")

    assert json.loads(shown.stdout)["resend_allowed"] is True
    assert status_of(producer, job_id).state is State.READY
    again = record.claim(LETTER, host=HOST, message_id="<another@example.com>")
    assert isinstance(again, Claimed)
    assert again.message_id == OURS


def test_a_letter_whose_job_is_gone_is_not_resent_and_nothing_changes(
    run: Run, record: DeliveryRecord, broker: TestBroker, producer: Producer
) -> None:
    job_id = doubt(record, broker, producer)
    DeadLetters(broker.client).discard([job_id])

    shown = run("mail", "uncertain", "resend", job_id, "--why", "x")

    assert shown.exit_code == 1
    assert "no dead letter has this id" in shown.stderr
    assert "higher round" in shown.stderr
    assert not record.find(job_id).resend_allowed


@pytest.mark.parametrize("end", ["accepted", "bounced"])
def test_a_settled_letter_s_job_comes_back_and_its_end_is_entered_in_the_ledger(
    run: Run, record: DeliveryRecord, broker: TestBroker, producer: Producer, end: str
) -> None:
    job_id = doubt(record, broker, producer)

    shown = run("mail", "uncertain", "settle", job_id, "--as", end, "--why", "the server's log says so", "--json")

    assert json.loads(shown.stdout)["state"] == end
    delivery = record.find(job_id)
    assert (delivery.state, delivery.source, delivery.response) == (end, Source.PERSON, "the server's log says so")
    assert status_of(producer, job_id).state is State.READY
    assert len(entries(broker)) == 1


def test_a_settled_letter_is_not_sent_when_its_job_comes_back(
    run: Run, record: DeliveryRecord, broker: TestBroker, producer: Producer
) -> None:
    job_id = doubt(record, broker, producer)

    run("mail", "uncertain", "settle", job_id, "--as", "accepted", "--why", "x")

    assert record.ended(LETTER) == AlreadyAccepted(HOST, Source.PERSON)


@pytest.mark.parametrize("decision", [["resend"], ["settle", "--as", "accepted"]], ids=["resend", "settle"])
def test_a_letter_that_is_not_uncertain_is_a_sentence(run: Run, record: DeliveryRecord, decision: list[str]) -> None:
    bring_to(record, LETTER, LetterState.ACCEPTED)

    shown = run("mail", "uncertain", *decision, LETTER.job_id, "--why", "x")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "is not uncertain: it is accepted" in shown.stderr


def test_bounces_and_complaints_of_a_folder_are_taken_in_and_put_away(
    run: Run, record: DeliveryRecord, suppressions: SuppressionList, broker: TestBroker, folder: Path
) -> None:
    bring_to(record, LETTER, LetterState.ACCEPTED)
    messages = {
        "1.eml": bounce(OURS),
        "2.eml": complaint(OURS),
        "3.eml": bounce("<somebody@else.example>"),
        "4.eml": b"Subject: Out of office\n\nBack on Monday\n",
        "5.eml": nested(400),
        "6.eml": complaint(OURS, kind="not-spam"),
    }
    for name, data in messages.items():
        (folder / name).write_bytes(data)

    told = read(run, "--folder", str(folder))

    assert [(each["message"], each["outcome"]) for each in told] == [
        ("1.eml", "changed"),
        ("2.eml", "changed"),
        ("3.eml", "unmatched"),
        ("4.eml", "no_report"),
        ("5.eml", "nested_too_deeply"),
        ("6.eml", "no_complaint"),
    ]
    assert [(each["was"], each["state"], each["suppressed"]) for each in told[:2]] == [
        ("accepted", "bounced", True),
        ("bounced", "complained", False),
    ]
    assert suppressions.reason_for(ANNA.email) is Why.HARD_BOUNCE
    assert len(entries(broker)) == 2
    assert sorted(path.name for path in (folder / "done").iterdir()) == ["1.eml", "2.eml", "3.eml", "4.eml", "6.eml"]
    assert [path.name for path in (folder / "unreadable").iterdir()] == ["5.eml"]


def test_reading_the_same_messages_twice_changes_nothing(
    run: Run, record: DeliveryRecord, suppressions: SuppressionList, broker: TestBroker, folder: Path
) -> None:
    bring_to(record, LETTER, LetterState.ACCEPTED)
    (folder / "1.eml").write_bytes(bounce(OURS))
    read(run, "--folder", str(folder))
    suppressions.clear(ANNA.email, why="it works again")
    (folder / "1.eml").write_bytes(bounce(OURS))

    [again] = read(run, "--folder", str(folder))

    assert (again["outcome"], again["state"], again["suppressed"]) == ("repeated", "bounced", False)
    assert suppressions.reason_for(ANNA.email) is None
    assert len(entries(broker)) == 1
    assert read(run, "--folder", str(folder)) == []


def test_a_run_that_ended_before_its_entry_was_enqueued_is_made_good_by_the_next(
    run: Run, record: DeliveryRecord, broker: TestBroker
) -> None:
    from buffrsign.mail.bounces import read_message

    bring_to(record, LETTER, LetterState.ACCEPTED)
    for report in read_message(bounce(OURS), now=utc_now()):
        record.report(report)

    [told] = read(run, "-", stdin=bounce(OURS))

    assert told["outcome"] == "repeated"
    assert len(entries(broker)) == 1


def test_the_sender_of_a_letter_that_came_back_is_told_once_whom_it_did_not_reach(
    run: Run, record: DeliveryRecord, database: Database, broker: TestBroker
) -> None:
    SignatureRequests(database, clock=utc_now).open(open_job(signer("anna", email=ANNA.email)))
    bring_to(record, LETTER, LetterState.ACCEPTED)

    for _ in range(2):
        read(run, "-", stdin=bounce(OURS))

    kinds = [job.kind for job in list_jobs(broker.client, limit=10)]
    assert kinds.count("email.delivery_failed") == 1


def test_a_bounce_ends_a_doubt_and_brings_back_the_job(
    run: Run, record: DeliveryRecord, broker: TestBroker, producer: Producer
) -> None:
    job_id = doubt(record, broker, producer)

    [told] = read(run, "-", stdin=bounce(OURS))

    assert (told["was"], told["state"]) == ("uncertain", "bounced")
    assert status_of(producer, job_id).state is State.READY


def test_a_delay_says_nothing_to_the_ledger(run: Run, record: DeliveryRecord, broker: TestBroker) -> None:
    bring_to(record, LETTER, LetterState.ACCEPTED)

    [told] = read(run, "-", stdin=bounce(OURS, Action="delayed", Status="4.4.1"))

    assert (told["outcome"], told["event"], told["state"]) == ("noted", "deferred", "accepted")
    assert entries(broker) == []


def test_a_maildir_and_an_mbox_are_read(run: Run, record: DeliveryRecord, folder: Path) -> None:
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir()
    (folder / "new" / "1.host").write_bytes(bounce(OURS))
    (folder / "box").write_bytes(b"From x Mon Mar  2 11:30:00 2026\n" + bounce(message_id_of(REMINDER)))
    for letter in (LETTER, REMINDER):
        bring_to(record, letter, LetterState.ACCEPTED)

    assert [each["outcome"] for each in read(run, "--folder", str(folder))] == ["changed"]
    assert [each["outcome"] for each in read(run, "--mbox", str(folder / "box"))] == ["changed"]
    assert [path.name for path in (folder / "cur").iterdir()] == ["1.host:2,S"]


def test_the_table_of_bounces_shows_no_address(run: Run, record: DeliveryRecord, folder: Path) -> None:
    bring_to(record, LETTER, LetterState.ACCEPTED)
    (folder / "1.eml").write_bytes(bounce(OURS))

    shown = run("mail", "bounces", "--folder", str(folder))

    assert "1.eml" in shown.stdout
    assert LETTER.job_id in shown.stdout
    assert "example.com" not in shown.stdout
    assert run("mail", "bounces", "--folder", str(folder)).stdout == "There is no new message.\n"


@pytest.mark.parametrize("arguments", [[], ["-", "--folder", "x"], ["--folder", "x", "--mbox", "y"], ["x"]])
def test_where_bounces_are_is_said_in_one_way(run: Run, database: Database, arguments: list[str]) -> None:
    shown = run("mail", "bounces", *arguments)

    assert shown.exit_code == 2
    assert "give --folder, or --mbox, or - for standard input" in shown.stderr


def test_a_folder_that_is_not_there_is_a_sentence(run: Run, database: Database) -> None:
    shown = run("mail", "bounces", "--folder", "nowhere")

    assert shown.exit_code == 1
    assert "there is no folder nowhere" in shown.stderr


def test_a_mailbox_is_suppressed_and_cleared_from_the_command_line(run: Run, suppressions: SuppressionList) -> None:
    added = run("mail", "suppressed", "add", "-", "--why", "Anna asked us to", "--json", stdin=f"{ANNA.email}\n")
    [listed] = json.loads(run("mail", "suppressed", "list", "--json").stdout)

    assert json.loads(added.stdout) == {"added": True, "suppressed": True}
    assert (listed["reason"], listed["why"], "address" in listed) == ("person", "Anna asked us to", False)
    cleared = run("mail", "suppressed", "clear", str(listed["number"]), "--why", "a mistake", "--json")
    assert json.loads(cleared.stdout) == {"cleared": True}
    assert suppressions.reason_for(ANNA.email) is None


def test_the_list_of_the_suppressed_shows_addresses_and_clearings_where_they_are_asked_for(
    run: Run, suppressions: SuppressionList
) -> None:
    suppressions.add(ANNA.email, why="x")
    assert ANNA.email not in run("mail", "suppressed", "list").stdout
    assert ANNA.email in run("mail", "suppressed", "list", "--people").stdout

    run("mail", "suppressed", "clear", ANNA.email.upper(), "--why", "a mistake")

    assert run("mail", "suppressed", "list").stdout == "No mailbox is suppressed.\n"
    assert "a mistake" in run("mail", "suppressed", "list", "--cleared").stdout


@pytest.mark.parametrize("which", ["17", "nobody@example.com"])
def test_clearing_what_is_not_suppressed_is_a_sentence(run: Run, database: Database, which: str) -> None:
    shown = run("mail", "suppressed", "clear", which, "--why", "x")

    assert shown.exit_code == 1
    assert "that mailbox is not suppressed" in shown.stderr


@pytest.mark.parametrize("decision", ["add", "clear"])
def test_what_is_no_address_is_wrong_usage(run: Run, database: Database, decision: str) -> None:
    shown = run("mail", "suppressed", decision, "nobody", "--why", "x")

    assert shown.exit_code == 2
    assert "expected an e-mail address" in shown.stderr
