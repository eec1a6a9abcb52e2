import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.mail.states import Event, Source
from buffrsign.mail.webhook import LONGEST_BODY_BYTES, Refused, ReportBody, WhyRefused, read_report, sign
from tests.support.clock import NOON
from workers.processes import ROOT

KEY, OLD_KEY, FOREIGN_KEY = b"a new key of the webhook", b"an old key of the webhook", b"a key of somebody else's"
TIMESTAMP = str(int(NOON.timestamp()))
TOLD = {
    "event_id": "evt_4711",
    "event": "bounced",
    "message_id": "<01jd@buffrsign.example>",
    "at": "2026-03-02T13:59:30+02:00",
    "status": "5.1.1",
    "response": "550 no such user",
    "host": "mx.far.example",
}


def body_of(**changes: object) -> bytes:
    told = {**TOLD, **changes}
    return json.dumps({name: value for name, value in told.items() if value is not None}).encode()


def call(body: bytes, *, key: bytes = KEY, timestamp: str = TIMESTAMP, now: datetime = NOON, **changed: str):
    """What a call brings that was signed with this key, unless another signature is given."""
    signature = changed.get("signature", sign(body, timestamp=timestamp, key=key))
    return read_report(body, signature=signature, timestamp=timestamp, keys=[KEY, OLD_KEY], now=now)


def test_a_signed_report_is_read():
    report = call(body_of())

    assert (report.event, report.source, report.message_id) == (Event.BOUNCED, Source.WEBHOOK, TOLD["message_id"])
    assert (report.status, report.response, report.host) == ("5.1.1", "550 no such user", "mx.far.example")
    assert report.at == datetime(2026, 3, 2, 11, 59, 30, tzinfo=UTC)
    assert report.is_for_good


@pytest.mark.parametrize("event", Event)
def test_every_event_can_be_reported_and_needs_no_more_than_four_fields(event):
    report = call(body_of(event=event.value, status=None, response=None, host=None))

    assert (report.event, report.is_for_good) == (event, event is Event.COMPLAINED)


def test_the_signature_is_what_the_page_says():
    import hashlib
    import hmac

    body = body_of()
    by_hand = hmac.new(KEY, TIMESTAMP.encode() + b"." + body, hashlib.sha256).hexdigest()

    assert sign(body, timestamp=TIMESTAMP, key=KEY) == by_hand


def test_the_page_names_every_field():
    page = (ROOT / "docs" / "letters-once.md").read_text(encoding="utf-8")

    assert [name for name in ReportBody.__struct_fields__ if f"| `{name}` |" not in page] == []


def test_an_older_key_is_valid_until_it_is_taken_away():
    body = body_of()
    signature = sign(body, timestamp=TIMESTAMP, key=OLD_KEY)

    assert not isinstance(call(body, key=OLD_KEY), Refused)
    gone = read_report(body, signature=signature, timestamp=TIMESTAMP, keys=[KEY], now=NOON)
    assert gone.why is WhyRefused.NOT_SIGNED


@given(place=st.integers(0, len(body_of()) - 1), bit=st.integers(0, 7))
def test_a_body_that_was_changed_in_one_bit_is_refused(place, bit):
    body = bytearray(body_of())
    signature = sign(bytes(body), timestamp=TIMESTAMP, key=KEY)
    body[place] ^= 1 << bit

    assert call(bytes(body), signature=signature).why is WhyRefused.NOT_SIGNED


@pytest.mark.parametrize(
    "signature",
    ["", "0" * 64, sign(body_of(), timestamp=TIMESTAMP, key=FOREIGN_KEY), "ä" * 64, "\udcff", "\0", "x" * 100_000],
    ids=["none", "zeros", "of another key", "outside ascii", "no character", "nul", "long"],
)
def test_a_signature_of_none_of_our_keys_is_refused(signature):
    assert call(body_of(), signature=signature).why is WhyRefused.NOT_SIGNED


def test_a_signature_in_capitals_is_another_one():
    signature = sign(body_of(), timestamp=TIMESTAMP, key=KEY).upper()

    assert call(body_of(), signature=signature).why is WhyRefused.NOT_SIGNED


def test_a_signature_is_no_good_under_another_timestamp():
    body = body_of()
    signature = sign(body, timestamp=TIMESTAMP, key=KEY)

    assert call(body, signature=signature, timestamp=str(int(TIMESTAMP) + 1)).why is WhyRefused.NOT_SIGNED


@pytest.mark.parametrize("age_s", [-301, 301, 86_400])
def test_a_call_that_was_recorded_and_is_played_again_later_is_refused(age_s):
    assert call(body_of(), now=NOON + timedelta(seconds=age_s)).why is WhyRefused.TOO_OLD


@pytest.mark.parametrize("age_s", [-300, 0, 300])
def test_a_call_within_five_minutes_is_taken_and_a_repeat_has_the_same_id(age_s):
    now = NOON + timedelta(seconds=age_s)

    assert call(body_of(), now=now).report_id == call(body_of(), now=now).report_id


def test_another_event_has_another_id():
    assert call(body_of()).report_id != call(body_of(event_id="evt_4712")).report_id


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1.5", " 1772452800", "١٧٧٢٤٥٢٨٠٠", "9" * 11, "1772452800\n"])
def test_a_timestamp_that_is_no_number_of_seconds_is_refused(timestamp):
    assert call(body_of(), timestamp=timestamp).why is WhyRefused.NOT_SIGNED


def test_a_timestamp_of_another_century_is_too_old():
    assert call(body_of(), timestamp="9999999999").why is WhyRefused.TOO_OLD


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"event": "opened"}, "$.event does not fit"),
        ({"event": None}, "$.event is missing"),
        ({"event_id": ""}, "$.event_id does not fit"),
        ({"message_id": "anna@example.com"}, "$.message_id does not fit"),
        ({"message_id": None}, "$.message_id is missing"),
        ({"at": "2026-03-02T13:59:30"}, "$.at does not fit"),
        ({"status": "550"}, "$.status does not fit"),
        ({"response": "x" * 2001}, "$.response does not fit"),
        ({"recipient": "anna@example.com"}, "it is no object with the fields of a report"),
    ],
)
def test_a_report_that_does_not_fit_is_refused_by_its_field_and_without_its_value(changes, detail):
    refused = call(body_of(**changes))

    assert (refused.why, refused.detail) == (WhyRefused.MALFORMED, detail)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 60_000])
def test_a_body_that_is_no_report_is_refused(body):
    assert call(body).why is WhyRefused.MALFORMED


def test_a_body_that_is_too_large_is_refused_before_it_is_hashed():
    assert call(b"x" * (LONGEST_BODY_BYTES + 1)).why is WhyRefused.TOO_LARGE


def test_a_report_from_the_future_happened_now():
    assert call(body_of(at="2066-03-02T12:00:00Z")).at == NOON


@pytest.mark.parametrize("keys", [[], [b"short"], [KEY, b""]])
def test_a_webhook_without_a_key_that_is_one_reads_nothing(keys):
    with pytest.raises(ValueError, match="16 bytes or more"):
        read_report(body_of(), signature="x", timestamp=TIMESTAMP, keys=keys, now=NOON)
