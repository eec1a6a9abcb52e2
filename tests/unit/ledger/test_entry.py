from datetime import UTC, datetime, timedelta, timezone

import pytest

from buffrsign.core.canonical_json import NotCanonical
from buffrsign.ledger.entry import EntryRefused, body_of, entry_in, entry_of
from tests.support.ledger import RECORDED, event


def test_the_body_is_canonical_json_with_every_field_and_milliseconds_in_utc():
    windhoek = timezone(timedelta(hours=2))
    job = event(
        "entry_1",
        occurred_at=datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=windhoek),
        details={"pages": 2, "ok": True},
    )

    body = body_of(entry_of(job, recorded_at=RECORDED))

    assert body.decode() == (
        '{"action":"document.inspected","actor":null,"details":{"ok":true,"pages":2},"document_id":"doc_7",'
        '"entry_id":"entry_1","occurred_at":"2026-11-23T08:00:00.123Z","recorded_at":"2026-11-23T08:00:01.999Z","v":1}'
    )


def test_what_is_read_from_a_body_makes_the_same_body():
    body = body_of(entry_of(event(actor="user_3", details={"names": ["a", "b"], "none": None}), recorded_at=RECORDED))

    assert body_of(entry_in(body)) == body


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"v":2}', b"[" * 5000, b"NaN"])
def test_other_bytes_are_no_entry(body):
    with pytest.raises(ValueError, match=r"no entry|utf-8"):
        entry_in(body)


def test_a_moment_outside_the_calendar_is_refused():
    before_year_1 = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))

    with pytest.raises(EntryRefused, match="years 1 to 9999"):
        body_of(entry_of(event(occurred_at=before_year_1), recorded_at=RECORDED))


def test_a_detail_without_canonical_json_is_refused():
    with pytest.raises(NotCanonical):
        body_of(entry_of(event(details={"note": "\ud800"}), recorded_at=RECORDED))


def test_repeats_of_one_event_may_differ_in_their_times():
    first = entry_of(event(), recorded_at=RECORDED)
    repeat = entry_of(event(occurred_at=datetime(2027, 1, 1, tzinfo=UTC)), recorded_at=RECORDED)

    assert first.is_about_the_same_as(repeat)
    assert not first.is_about_the_same_as(entry_of(event(action="document.sealed"), recorded_at=RECORDED))
