import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.mail.bounces import LONGEST_READ_BYTES, MOST_NESTED, MOST_RECIPIENTS, Nothing, read_message
from buffrsign.mail.states import Event, Source
from tests.support.bounce_messages import bounce, complaint, nested, recipient_block
from tests.support.clock import NOON

OURS = "<01jd@buffrsign.example>"


def the_report(data: bytes):
    """The one report in a message that MUST hold one."""
    [report] = read_message(data, now=NOON)
    return report


def test_a_bounce_says_which_letter_came_back_and_why():
    report = the_report(bounce(OURS))

    assert (report.event, report.source, report.message_id) == (Event.BOUNCED, Source.DSN, OURS)
    assert (report.status, report.response) == ("5.1.1", "550 5.1.1 no such user")
    assert (report.host, report.recipient) == ("mx.far.example", "anna@example.com")
    assert report.at == datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
    assert report.is_for_good


@pytest.mark.parametrize(
    ("fields", "event", "is_for_good"),
    [
        ({"Action": "failed", "Status": "5.1.1"}, Event.BOUNCED, True),
        ({"Action": "FAILED (for good)", "Status": "5.1.1"}, Event.BOUNCED, True),
        ({"Action": "Failed", "Status": "5.1.1 (no such user)"}, Event.BOUNCED, True),
        ({"Action": "failed", "Status": "4.4.7"}, Event.BOUNCED, False),
        ({"Action": "failed", "Status": "", "Diagnostic_Code": "smtp; 550 5.2.1 closed"}, Event.BOUNCED, True),
        ({"Action": "failed", "Status": "", "Diagnostic_Code": "smtp; 550 no such user"}, Event.BOUNCED, True),
        ({"Action": "failed", "Status": "", "Diagnostic_Code": "smtp; 421 busy"}, Event.BOUNCED, False),
        ({"Action": "failed", "Status": "nonsense", "Diagnostic_Code": ""}, Event.BOUNCED, False),
        ({"Action": "delayed", "Status": "4.4.1"}, Event.DEFERRED, False),
        ({"Action": "delayed", "Status": "5.1.1"}, Event.DEFERRED, False),
        ({"Action": "delivered", "Status": "2.0.0"}, Event.DELIVERED, False),
        ({"Action": "relayed", "Status": "2.0.0"}, Event.DELIVERED, False),
        ({"Action": "expanded", "Status": "2.0.0"}, Event.DELIVERED, False),
        ({"Action": "exploded"}, None, False),
    ],
    ids=str,
)
def test_what_was_done_and_its_status_say_what_a_notification_means(fields, event, is_for_good):
    reports = read_message(bounce(OURS, **fields), now=NOON)

    if event is None:
        assert reports is Nothing.NO_REPORT
    else:
        assert [(each.event, each.is_for_good) for each in reports] == [(event, is_for_good)]


@pytest.mark.parametrize(
    "original_type",
    ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "text/rfc822-headers; x=y"],
)
def test_the_letter_is_known_whole_or_by_its_headers_alone(original_type):
    assert the_report(bounce(OURS, original_type=original_type)).message_id == OURS


@pytest.mark.parametrize(
    "headers",
    [
        f"In-Reply-To: {OURS}\n",
        f"References: <thread@elsewhere.example> {OURS}\n",
        f"In-Reply-To: {OURS}\nReferences: <x@y.example>\n",
    ],
)
def test_a_bounce_that_returns_nothing_names_the_letter_that_it_answers(headers):
    assert the_report(bounce(None, headers=headers)).message_id == OURS


def test_what_is_returned_is_stronger_than_what_is_answered():
    assert the_report(bounce(OURS, headers="In-Reply-To: <x@y.example>\n")).message_id == OURS


def test_a_bounce_that_names_no_letter_names_a_recipient():
    report = the_report(bounce(None))

    assert (report.message_id, report.recipient) == (None, "anna@example.com")


@pytest.mark.parametrize(
    ("fields", "recipient"),
    [
        ({"Original_Recipient": "rfc822; ben@example.com"}, "ben@example.com"),
        ({"Original_Recipient": "rfc822;<ben@example.com>"}, "ben@example.com"),
        ({"Original_Recipient": "x400; /C=NA"}, "anna@example.com"),
        ({"Final_Recipient": "utf-8; \\x{FC}ndi@example.com"}, "ündi@example.com"),
        ({"Final_Recipient": ""}, None),
    ],
)
def test_the_recipient_is_the_one_that_we_wrote_to_where_it_is_told(fields, recipient):
    assert the_report(bounce(OURS, **fields)).recipient == recipient


def test_a_notification_of_utf_8_is_read_too():
    report = the_report(bounce(OURS, status_type="message/global-delivery-status"))

    assert (report.event, report.status, report.host) == (Event.BOUNCED, "5.1.1", "mx.far.example")


def test_every_recipient_of_a_notification_has_a_report_with_an_id_of_its_own():
    blocks = [recipient_block(Action=action) for action in ("failed", "delivered")]

    reports = read_message(bounce(OURS, blocks=blocks), now=NOON)

    assert [each.event for each in reports] == [Event.BOUNCED, Event.DELIVERED]
    assert len({each.report_id for each in reports}) == 2


def test_a_report_has_the_same_id_whenever_it_is_read_and_another_has_another():
    assert the_report(bounce(OURS)).report_id == the_report(bounce(OURS)).report_id
    assert the_report(bounce(OURS)).report_id != the_report(bounce("<other@buffrsign.example>")).report_id


@pytest.mark.parametrize("kind", ["abuse", "Fraud", "other", "opt-out"])
def test_a_complaint_says_which_letter_it_is_about(kind):
    report = the_report(complaint(OURS, kind=kind, fields="Original-Rcpt-To: <anna@example.com>\n"))

    assert (report.event, report.message_id, report.recipient) == (Event.COMPLAINED, OURS, "anna@example.com")
    assert (report.response, report.host) == (kind.lower(), "fbl.far.example")
    assert report.is_for_good


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus", ""])
def test_a_feedback_report_that_does_not_complain_is_none(kind):
    assert read_message(complaint(kind=kind), now=NOON) is Nothing.NO_COMPLAINT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"From: anna@example.com\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nBack on Monday\n",
        b"Content-Type: multipart/report; report-type=delivery-status\n\nno boundary\n",
        b'Content-Type: multipart/report; boundary="x"\n\n--x--\n',
        b'Content-Type: multipart/mixed; boundary="x"\n\n--x\n' + bounce(OURS) + b"\n--x--\n",
        b"Content-Type: message/rfc822\n\n" + bounce(OURS),
        bounce(OURS).replace(b"Action: failed", b"Reaction: failed"),
        bounce(OURS, blocks=[]),
        bounce(OURS).replace(b"delivery-status", b"disposition-notification"),
    ],
    ids=[
        "nothing",
        "a line break",
        "an absence note",
        "a report without parts",
        "an empty report",
        "a bounce that is attached",
        "a bounce that is forwarded",
        "a bounce without an action",
        "a bounce without recipients",
        "a read receipt",
    ],
)
def test_a_message_that_is_no_report_itself_reports_nothing(data):
    assert read_message(data, now=NOON) is Nothing.NO_REPORT


@pytest.mark.parametrize(
    "header",
    [
        "Date: yesterday\n",
        "Date: Mon, 99 Foo 2026 99:99:99 +9999\n",
        "Date: Mon, 2 Mar 99999999999 11:30:00 +0000\n",
        "Date: Fri, 31 Dec 9999 23:59:59 -9959\n",
    ],
)
def test_a_message_with_an_impossible_date_was_written_now(header):
    data = bounce(OURS).replace(b"Date: Mon, 2 Mar 2026 11:30:00 +0000\n", header.encode())

    assert the_report(data).at == NOON


@pytest.mark.parametrize(
    ("date", "at"),
    [
        (b"Mon, 2 Mar 2026 11:30:00 -0000", datetime(2026, 3, 2, 11, 30, tzinfo=UTC)),
        (b"Mon, 2 Mar 2026 13:30:00 +0200", datetime(2026, 3, 2, 11, 30, tzinfo=UTC)),
        (b"Tue, 2 Mar 2066 11:30:00 +0000", NOON),
    ],
    ids=["no zone", "a zone", "a date to come"],
)
def test_a_message_is_as_old_as_it_says_and_never_from_the_future(date, at):
    assert the_report(bounce(OURS).replace(b"Mon, 2 Mar 2026 11:30:00 +0000", date)).at == at


@pytest.mark.parametrize(
    "headers",
    [
        "X-Odd: =?utf-8?q?=ff=fe?= =?nonsense?x?y?=\n",
        "X-Odd: \udcff\udcfe\n",
        "Content-Type: text/plain\n",
        "Subject:\n",
        ": no name\n",
        "From nobody Mon Mar  2 11:30:00 2026\n",
        "To: undisclosed-recipients:;\n" * 50,
        "References: " + "<a@b> " * 2000 + "\n",
    ],
)
def test_odd_headers_keep_no_bounce_from_being_read(headers):
    data = bounce(OURS).decode().replace("MIME-Version", f"{headers}MIME-Version", 1)
    moved = data.replace("Content-Type: text/plain\nMIME", "MIME") if headers.startswith("Content-Type") else data

    assert the_report(moved.encode("utf-8", "surrogateescape")).message_id == OURS


def test_words_from_outside_are_one_clean_line():
    report = the_report(bounce(OURS, Diagnostic_Code="smtp; 550 5.1.1 \x1b[2J\tno\x00 " + "x" * 5000))

    assert report.response.isprintable()
    assert len(report.response) <= 2000


@pytest.mark.parametrize("depth", [MOST_NESTED + 1, 500, 20_000])
def test_a_message_that_is_nested_too_deeply_is_put_aside_at_once(depth):
    begun = time.monotonic()

    assert read_message(nested(depth), now=NOON) is Nothing.NESTED_TOO_DEEPLY

    assert time.monotonic() - begun < 2


def test_a_huge_message_is_read_as_far_as_its_report_goes():
    huge = bounce(OURS).replace(b"Dear Anna\n", b"Dear Anna\n" + b"A" * 76 + b"\n" * 40_000_000)
    begun = time.monotonic()

    assert the_report(huge).message_id == OURS

    assert time.monotonic() - begun < 5


def test_a_huge_message_whose_report_stands_too_far_down_reports_nothing():
    huge = bounce(OURS).replace(b"I am sorry", b"I am sorry\n" + b"very sorry\n" * LONGEST_READ_BYTES)

    assert read_message(huge, now=NOON) is Nothing.NO_REPORT


def test_no_more_recipients_are_read_than_a_message_may_name():
    blocks = [recipient_block()] * (MOST_RECIPIENTS + 50)

    assert len(read_message(bounce(OURS, blocks=blocks), now=NOON)) == MOST_RECIPIENTS


@given(st.binary(max_size=300))
def test_no_bytes_stop_the_intake(data):
    assert isinstance(read_message(data, now=NOON), Nothing)


@given(place=st.integers(0, 1200), data=st.binary(max_size=60), cut=st.integers(0, 60))
def test_no_damage_to_a_bounce_stops_the_intake(place, data, cut):
    whole = bounce(OURS)

    read = read_message(whole[:place] + data + whole[place + cut :], now=NOON)

    assert isinstance(read, Nothing) or all(report.report_id for report in read)
