"""What no name, title, message or URL can do to a letter, and what every mail program and server can bear."""

import email
import email.policy
import re
from email.message import EmailMessage
from html import unescape

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buffrsign.core.errors import Permanent
from buffrsign.jobs import PayloadRefused, encode
from buffrsign.jobs.email import Letter
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.addresses import MailboxRefused
from buffrsign.mail.letters import Letters
from buffrsign.mail.message import as_message
from buffrsign.mail.samples import SAMPLES
from buffrsign.mail.words import LinkRefused
from tests.support.mail import ANNA, COMPLETED, NOW, REQUEST

LETTERS = Letters("no-reply@buffrsign.example", clock=lambda: NOW)
EVERY_SAMPLE = pytest.mark.parametrize("kind", SAMPLES)


def received(letter: Letter) -> EmailMessage:
    """The letter as a mail program reads it from the wire."""
    raw = as_message(LETTERS.render(letter), date=NOW).as_bytes()
    return email.message_from_bytes(raw, policy=email.policy.default)


def changed(letter: Letter, **fields: object) -> Letter:
    return msgspec.structs.replace(letter, **fields)


def test_markup_in_a_title_or_a_message_stays_text():
    letter = LETTERS.render(changed(REQUEST, document_title="<script>x</script>", message='<img src="http://x">'))

    assert "<script" not in letter.html
    assert "&lt;script&gt;x&lt;/script&gt;" in letter.html
    assert "<img" not in letter.html
    assert "<script>x</script>" in letter.text


def test_template_code_in_a_message_is_not_run():
    letter = LETTERS.render(changed(REQUEST, message="{{ 7 * 6 }}"))

    assert "{{ 7 * 6 }}" in letter.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//example.com", "x"]
)
@pytest.mark.parametrize(
    ("letter", "field"), [(REQUEST, "signing_url"), (COMPLETED, "document_url")], ids=["signing_url", "document_url"]
)
def test_a_url_that_is_not_of_the_web_is_refused_by_its_contract_and_never_written(letter, field, url):
    evil = changed(letter, **{field: url})

    with pytest.raises(PayloadRefused, match="an http:// or https:// address"):
        encode(evil)
    with pytest.raises(LinkRefused, match=field) as refused:
        LETTERS.render(evil)
    assert isinstance(refused.value, Permanent)


@EVERY_SAMPLE
def test_a_letter_loads_nothing_from_elsewhere(kind):
    html = LETTERS.render(SAMPLES[kind]).html

    assert not re.search(r"src=|url\(|<link|@import|<script|http-equiv", html)


@EVERY_SAMPLE
def test_every_style_stands_in_its_element_but_for_the_dark_ones(kind):
    html = LETTERS.render(SAMPLES[kind]).html

    (sheet,) = re.findall(r"<style[^>]*>(.*?)</style>", html, flags=re.DOTALL)
    assert sheet.strip().startswith(":root")
    assert "@media (prefers-color-scheme: dark)" in sheet
    unstyled = [tag for tag in re.findall(r"<(?:p|td|a|ul|blockquote|table)\b[^>]*>", html) if "style=" not in tag]
    assert [tag for tag in unstyled if 'class="' in tag] == []


@EVERY_SAMPLE
def test_the_preheader_comes_first_and_is_hidden(kind):
    letter = LETTERS.render(SAMPLES[kind])

    first = re.search(r"<body[^>]*>\s*<div class=\"preheader\" style=\"([^\"]*)\">([^<]*)</div>", letter.html)

    assert first
    assert "display:none" in first[1].replace(" ", "")
    assert unescape(first[2]) == letter.preheader


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_no_name_and_no_title_can_start_a_header_of_its_own(line_break):
    evil = f"Lease{line_break}Bcc: thief@example.com"

    message = received(
        changed(REQUEST, document_title=evil, sender_name=evil, recipient=msgspec.structs.replace(ANNA, name=evil))
    )

    assert message["Bcc"] is None
    assert message["Subject"].startswith("Lease Bcc: thief@example.com asks you to sign")
    assert [address.addr_spec for address in message["To"].addresses] == ["anna@example.com"]


def test_an_address_with_a_line_break_is_no_address():
    letter = LETTERS.render(changed(REQUEST, recipient=Recipient("anna@example.com\r\nBcc: thief@example.com")))

    with pytest.raises(MailboxRefused):
        as_message(letter, date=NOW)


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=80), title=st.text(min_size=1, max_size=80), sender=st.text(max_size=80))
def test_whatever_the_names_are_the_letter_goes_to_one_person_from_one_address(name, title, sender):
    recipient = msgspec.structs.replace(ANNA, name=name)

    message = received(changed(REQUEST, recipient=recipient, document_title=title, sender_name=sender))

    assert [address.addr_spec for address in message["To"].addresses] == ["anna@example.com"]
    assert [address.addr_spec for address in message["From"].addresses] == ["no-reply@buffrsign.example"]
    assert {"bcc", "cc", "sender"}.isdisjoint(key.lower() for key in message)


def test_every_line_of_every_letter_can_pass_any_server():
    raw = as_message(LETTERS.render(changed(REQUEST, message="ä" * 3000)), date=NOW).as_bytes()

    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) < 998
