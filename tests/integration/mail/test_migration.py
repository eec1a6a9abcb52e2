"""What an older release recorded of its letters is there after the upgrade, in this release's words."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from buffrsign.core import sql
from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.sql import Database, migrate
from buffrsign.mail.record import AlreadyAccepted, AlreadyBounced, Claimed, DeliveryRecord, Uncertain
from buffrsign.mail.reports import Outcome
from buffrsign.mail.states import Event, Source, State
from tests.support.mail import NOW, REQUEST
from tests.support.mail_records import message_id_of, report_of

INSERT = text(
    "INSERT INTO mail_deliveries (id, job_id, kind, document_id, recipient, address, round, state, host, response,"
    " attempts, updated_at) VALUES (:id, :job_id, :kind, 'doc_7', :recipient, :address, 1, :state, 'mx.example',"
    " :response, 2, :updated_at)"
)
RESPONSES = {
    "handing_over": "",
    "accepted": "250 ok",
    "deferred": "450 later",
    "refused": "550 no such user",
    "uncertain": "",
}


def upgrade_to(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(sql.__file__).with_name("migrations")))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def of_older_release(state: str) -> dict[str, object]:
    """One row of the release before, about the letter of `REQUEST`."""
    return {
        "id": 17,
        "job_id": REQUEST.job_id,
        "kind": REQUEST.kind,
        "recipient": "anna@example.com",
        "address": "Anna@example.com",
        "state": state,
        "response": RESPONSES[state],
        "updated_at": to_epoch_ms(NOW),
    }


@pytest.fixture
def record_after(empty_database):
    """The record of a database in which an older release left a letter in this state."""

    def upgraded(state: str) -> DeliveryRecord:
        upgrade_to(empty_database, "0004")
        with empty_database.write() as connection:
            connection.execute(INSERT, of_older_release(state))
        migrate(empty_database)
        return DeliveryRecord(empty_database, clock=lambda: NOW)

    return upgraded


@pytest.mark.parametrize("state", RESPONSES)
def test_a_letter_keeps_its_state_its_words_and_its_tries(record_after, state):
    record = record_after(state)

    delivery = record.find(REQUEST.job_id)
    assert delivery.state == ("bounced" if state == "refused" else state)
    assert (delivery.response, delivery.attempts, delivery.updated_at) == (RESPONSES[state], 2, NOW)
    assert (delivery.source, delivery.doubts, delivery.message_id) == (Source.SMTP, int(state == "uncertain"), None)


@pytest.mark.parametrize("state", RESPONSES)
def test_a_letter_s_history_begins_with_what_is_known(record_after, state):
    record = record_after(state)

    [line] = record.history(REQUEST.job_id)
    assert (line.state, line.entered, line.at) == (record.find(REQUEST.job_id).state, True, NOW)
    assert line.words.response == RESPONSES[state]


@pytest.mark.parametrize(
    ("state", "end"),
    [
        ("handing_over", Uncertain("mx.example")),
        ("accepted", AlreadyAccepted("mx.example")),
        ("uncertain", Uncertain("mx.example")),
    ],
)
def test_what_went_out_or_may_have_before_the_upgrade_does_not_go_out_again(record_after, state, end):
    assert record_after(state).claim(REQUEST, host="mx.other", message_id="<x@y>") == end


def test_a_letter_that_was_refused_before_the_upgrade_stays_so_for_other_jobs(record_after, empty_database):
    record = record_after("refused")

    assert isinstance(record.claim(REQUEST, host="mx.other", message_id="<x@y>"), Claimed)

    with empty_database.write() as connection:
        connection.execute(text("UPDATE mail_deliveries SET state = 'bounced', job_id = 'another'"))
    assert record.ended(REQUEST) == AlreadyBounced("mx.other")


def test_a_deferred_letter_is_tried_again_after_the_upgrade_and_gets_its_message_id(record_after):
    record = record_after("deferred")

    claim = record.claim(REQUEST, host="mx.other", message_id=message_id_of(REQUEST))

    assert (claim.message_id, record.find(REQUEST.job_id).attempts) == (message_id_of(REQUEST), 3)


def test_a_letter_that_was_sent_before_the_upgrade_can_still_come_back(record_after):
    record = record_after("accepted")

    assert record.report(report_of(REQUEST, Event.BOUNCED, status="5.1.1")).outcome is Outcome.CHANGED
    assert record.find(REQUEST.job_id).state is State.BOUNCED


def test_letters_after_the_upgrade_get_numbers_of_their_own(record_after):
    record = record_after("accepted")
    another = type(REQUEST)(recipient=REQUEST.recipient, document_title="Lease", signing_url="https://x.example/")

    claim = record.claim(another, host="mx.example", message_id="<x@y>")

    assert claim.number not in (17, None)
