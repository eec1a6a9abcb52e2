import email
import email.policy
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.jobs.fields import Recipient
from buffrsign.mail.addresses import MailboxRefused
from buffrsign.mail.letters import Letters, RenderedLetter
from buffrsign.mail.message import as_bytes, as_message
from tests.support.mail import NOW, REMINDER, REQUEST

LETTER = Letters("no-reply@buffrsign.example", reply_to="help@buffrsign.example").render(REQUEST)
LINK = "https://sign.example.com/unsubscribe/doc_7/" + "x" * 200
FIELDS = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "MIME-Version"}
EVIL = [
    "\r\nBcc: thief@example.com",
    "\nBcc: x",
    "\rBcc: x",
    "\x00",
    "\u2028Bcc: x",
    "\u2029",
    "\x85Bcc: x",
    "\x0bBcc: x",
]


def sent(letter: RenderedLetter, **options: object) -> bytes:
    return as_bytes(as_message(letter, date=NOW, **options), utf8=not letter.to.email.isascii())


def read(raw: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_a_letter_has_these_fields_and_no_others():
    message = read(sent(LETTER))

    assert set(message.keys()) == FIELDS
    assert message["From"] == "Ndapewa Shikongo via BuffrSign <no-reply@buffrsign.example>"
    assert message["To"] == "Anna Nghipandulwa <anna@example.com>"
    assert message["Reply-To"] == "help@buffrsign.example"
    assert message["Subject"] == LETTER.subject
    assert message["Message-ID"] == LETTER.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert abs(message["Date"].datetime - NOW) < timedelta(seconds=1)


def test_a_letter_that_can_be_unsubscribed_from_says_so_in_one_piece():
    raw = sent(LETTER, unsubscribe=LINK)

    assert f"\r\nList-Unsubscribe: <{LINK}>\r\n" in raw.decode().replace("\r\n <", " <")
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_a_name_outside_ascii_reaches_the_reader_whole():
    message = read(sent(replace(LETTER, from_name='Ünal, "Jörg" via BuffrSign', subject="Größe " * 40)))

    [sender] = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Ünal, "Jörg" via BuffrSign', "no-reply@buffrsign.example")
    assert message["Subject"] == ("Größe " * 40).strip()


@pytest.mark.parametrize("name", ['Smith, "Joe" <x@y.example>', "a\\b", "Dr. A. (Bea)", "=?utf-8?q?Bcc=3A?="])
def test_a_name_with_marks_of_the_format_is_still_a_name(name):
    message = read(sent(replace(LETTER, to=Recipient("anna@example.com", name=name))))

    [recipient] = message["To"].addresses
    assert (recipient.display_name, recipient.addr_spec) == (name, "anna@example.com")


def test_an_address_outside_ascii_stands_in_its_field_as_it_is():
    raw = sent(replace(LETTER, to=Recipient("ündi@müller.example", name="Ündi")))

    assert "ündi@xn--mller-kva.example".encode() in raw


def test_an_answer_address_that_the_letter_could_not_carry_is_left_out():
    message = read(sent(replace(LETTER, reply_to="ündi@example.com")))

    assert message["Reply-To"] is None


@pytest.mark.parametrize("field", ["from_name", "subject", "text", "html"])
@pytest.mark.parametrize("evil", EVIL, ids=repr)
def test_no_text_can_start_a_header(field, evil):
    raw = sent(replace(LETTER, **{field: f"Lease{evil}"}))

    assert set(read(raw).keys()) == FIELDS


@pytest.mark.parametrize("field", ["from_address", "reply_to"])
@pytest.mark.parametrize("evil", EVIL, ids=repr)
def test_no_address_can_start_a_header(field, evil):
    with pytest.raises(MailboxRefused):
        sent(replace(LETTER, **{field: f"a@b.example{evil}"}))


@pytest.mark.parametrize("evil", EVIL, ids=repr)
def test_no_message_id_can_start_a_header(evil):
    letter = replace(LETTER, message_id=f"<a{evil}@b.example>")

    with pytest.raises(MailboxRefused):
        sent(letter)


def any_text(size: int = 120) -> st.SearchStrategy[str]:
    """Everything, half pairs of surrogates too, with line ends and the format's own marks more often than by chance."""
    marks = st.sampled_from(
        ["\r\n", "\n", "\r", "\x00", "\u2028", '"', "\\", "<", ">", "@", ",", ":", "=?utf-8?b?", "?=", " "]
    )
    return st.lists(st.text(st.characters(), max_size=12) | marks, max_size=size // 8).map("".join)


@given(
    from_name=any_text(),
    to_name=any_text(),
    subject=any_text(300),
    text=any_text(),
    html=any_text(),
    message_id=st.just(LETTER.message_id) | any_text(),
    address=st.just("anna@example.com") | st.just("ündi@example.com") | any_text(40),
    reply_to=st.none() | any_text(40),
)
def test_whatever_the_fields_hold_a_letter_has_our_fields_only_and_goes_to_one_person(
    from_name, to_name, subject, text, html, message_id, address, reply_to
):
    letter = replace(
        LETTER,
        from_name=from_name,
        to=Recipient(address, name=to_name),
        subject=subject,
        text=text,
        html=html,
        message_id=message_id,
        reply_to=reply_to,
    )
    try:
        raw = sent(letter)
    except MailboxRefused:
        return

    message = read(raw)
    assert set(message.keys()) - {"Reply-To"} == FIELDS - {"Reply-To"}
    assert len(message.keys()) == len(set(message.keys()))
    head = raw.partition(b"\r\n\r\n")[0]
    assert raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\x00" not in raw
    assert raw.isascii() or not (address + (reply_to or "")).isascii()
    assert head.count(b"@example.com") >= 1
    if address.isascii():
        assert [each.addr_spec for each in message["To"].addresses] == [address]
        assert [each.addr_spec for each in message["From"].addresses] == ["no-reply@buffrsign.example"]


def test_every_reminder_is_seven_bits_and_of_short_lines():
    raw = sent(Letters("no-reply@buffrsign.example").render(REMINDER), unsubscribe=LINK)

    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) < 998


@pytest.mark.parametrize(
    "body", ["Hello,\n\n.a dot\nFrom here = there\t\n" + "ä" * 200, "one\r\ntwo\rthree", "=_alternative"]
)
def test_both_bodies_reach_the_reader_as_they_were_written(body):
    message = read(sent(replace(LETTER, text=body, html=body)))

    lines = body.replace("\r\n", "\n").replace("\r", "\n").rstrip() + "\n"
    for part in ("plain", "html"):
        assert message.get_body((part,)).get_content().replace("\r\n", "\n") == lines


@given(text=any_text(), html=any_text(), subject=any_text(300), name=any_text())
def test_what_goes_out_is_what_the_standard_library_would_have_written(text, html, subject, name):
    message = as_message(replace(LETTER, text=text, html=html, subject=subject, from_name=name), date=NOW)

    assert as_bytes(message, utf8=False) == message.as_bytes(policy=email.policy.SMTP)
