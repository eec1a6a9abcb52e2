import logging

import pytest

from buffrsign.core.logs import FIELDS_ATTRIBUTE, bind, get_logger
from tests.support.racing import race

log = get_logger(__name__)


@pytest.fixture
def events(caplog):
    """The events logged so far, as (level, sentence, fields)."""
    caplog.set_level(logging.INFO)

    def events():
        return [(each.levelname, each.getMessage(), getattr(each, FIELDS_ATTRIBUTE)) for each in caplog.records]

    return events


def test_an_event_is_a_sentence_and_its_values(events):
    log.info("letter dropped", reason="signed")
    log.warning("mail server answered late", waited_ms=4000)

    assert events() == [
        ("INFO", "letter dropped", {"reason": "signed"}),
        ("WARNING", "mail server answered late", {"waited_ms": 4000}),
    ]


def test_bound_fields_ride_with_every_event_of_the_block_and_no_other(events):
    with bind(job_id="a"), bind(attempt=1):
        log.info("job started")
    log.info("worker idle")

    assert [fields for _, _, fields in events()] == [{"job_id": "a", "attempt": 1}, {}]


def test_an_event_s_own_field_counts_more_than_a_bound_one(events):
    with bind(attempt=1):
        log.info("job retried", attempt=2)

    assert events()[0][2] == {"attempt": 2}


def test_fields_are_unbound_when_the_block_fails(events):
    with pytest.raises(KeyError), bind(job_id="a"):
        raise KeyError
    log.info("worker idle")

    assert events()[0][2] == {}


def test_fields_bound_on_one_thread_stay_there(events):
    def work(job_id):
        with bind(job_id=job_id):
            log.info("job started", own=job_id)

    race([lambda job_id=job_id: work(job_id) for job_id in range(4)])

    assert all(fields["job_id"] == fields["own"] for _, _, fields in events())


def test_an_error_keeps_what_was_raised(caplog):
    error = ValueError("bad")

    log.error("job died", error=error, kind="email.signature_request")

    assert caplog.records[0].exc_info[1] is error


def test_an_event_names_the_line_that_logged_it(caplog):
    caplog.set_level(logging.INFO)

    log.info("letter dropped")

    assert caplog.records[0].filename == "test_logs.py"
    assert caplog.records[0].funcName == "test_an_event_names_the_line_that_logged_it"


def test_a_level_that_is_off_costs_no_record(caplog):
    caplog.set_level(logging.ERROR)

    log.info("letter dropped")

    assert caplog.records == []
