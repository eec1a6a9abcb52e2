import email
import email.policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from buffrsign.jobs.email import Letter, SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.mail import letters as letters_module
from buffrsign.mail.addresses import MailboxRefused
from buffrsign.mail.letters import Letters
from buffrsign.mail.message import as_message
from tests.support.mail import ANNA, COMPLETED, EVERY_LETTER, LINK, NOW, REMINDER, REQUEST

LETTERS = Letters("no-reply@buffrsign.example")
TEMPLATES = Path(letters_module.__file__).with_name("templates")


def received(letter: Letter) -> EmailMessage:
    """The letter as a mail program reads it from the wire."""
    raw = as_message(LETTERS.render(letter), date=NOW).as_bytes()
    return email.message_from_bytes(raw, policy=email.policy.default)


def changed(letter: Letter, **fields: object) -> Letter:
    return msgspec.structs.replace(letter, **fields)


def test_each_letter_says_in_its_subject_what_it_is_about():
    subjects = [LETTERS.render(letter).subject for letter in EVERY_LETTER]

    assert subjects == [
        "Ndapewa Shikongo asks you to sign “Service agreement 2026”",
        "Reminder: “Service agreement 2026” awaits your signature",
        "Everyone has signed “Service agreement 2026”",
    ]


@pytest.mark.parametrize("letter", EVERY_LETTER, ids=lambda letter: letter.kind)
def test_both_parts_carry_the_same_link(letter):
    message = received(letter)

    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()

    assert LINK in text.splitlines()
    assert unescape(html).count(f'href="{LINK}"') == 2
    assert unescape(html).count(LINK) == 3


def test_a_reader_can_answer_nobody_but_sees_who_asked():
    message = received(REQUEST)

    assert message["From"] == "Ndapewa Shikongo via BuffrSign <no-reply@buffrsign.example>"
    assert message["To"] == "Anna Nghipandulwa <anna@example.com>"
    assert message["Reply-To"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW


def test_answers_go_to_the_reply_address_where_there_is_one():
    letters = Letters("no-reply@buffrsign.example", reply_to="help@buffrsign.example")

    message = as_message(letters.render(REQUEST), date=NOW)

    assert message["Reply-To"] == "help@buffrsign.example"


def test_the_message_id_is_the_job_s_so_that_a_second_copy_is_known_as_one():
    first, second = LETTERS.render(REQUEST), LETTERS.render(REQUEST)

    assert first == second
    assert first.message_id == f"<{REQUEST.job_id.lower()}@buffrsign.example>"


def test_moments_are_said_in_namibian_time_with_its_offset():
    assert "until 1 December 2026 at 17:00, Namibian time (UTC+02:00)." in LETTERS.render(REQUEST).text
    assert "on 2 December 2026 at 01:05, Namibian time (UTC+02:00)." in LETTERS.render(COMPLETED).html


def test_a_letter_without_its_optional_facts_reads_as_a_whole():
    bare = SignatureRequestEmail(recipient=Recipient("x@example.com"), document_title="Lease", signing_url=LINK)

    letter = LETTERS.render(bare)

    assert letter.subject == "Please sign “Lease”"
    assert letter.from_name == "BuffrSign"
    assert letter.text.startswith("Hello,\n\nYou are asked to sign this document:\n\n    Lease\n\nTo read it")
    assert "until" not in letter.text
    assert "\n\n\n" not in letter.text


def test_a_completion_without_a_link_shows_no_button():
    letter = LETTERS.render(changed(COMPLETED, document_url=None))

    assert "<a " not in letter.html
    assert "link" not in letter.text


def test_markup_in_a_title_or_a_message_stays_text():
    letter = LETTERS.render(changed(REQUEST, document_title="<script>x</script>", message='<img src="http://x">'))

    assert "<script" not in letter.html
    assert "&lt;script&gt;x&lt;/script&gt;" in letter.html
    assert "<img" not in letter.html
    assert "<script>x</script>" in letter.text


def test_template_code_in_a_message_is_not_run():
    letter = LETTERS.render(changed(REQUEST, message="{{ 7 * 6 }}"))

    assert "{{ 7 * 6 }}" in letter.text


def test_a_letter_loads_nothing_from_elsewhere():
    for letter in EVERY_LETTER:
        html = LETTERS.render(letter).html

        assert "src=" not in html
        assert "url(" not in html
        assert "<link" not in html


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


def test_a_word_that_the_job_does_not_have_fails_instead_of_leaving_a_gap(tmp_path):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "signature_reminder.txt").write_text("Subject: x\n\n{{ documnet_title }}")
    letters = Letters("no-reply@buffrsign.example", templates=tmp_path)

    with pytest.raises(UndefinedError, match="documnet_title"):
        letters.render(REMINDER)


@pytest.mark.parametrize("locale", ["af", "pt-BR", "en-GB"])
def test_a_language_we_do_not_write_falls_back_to_english(locale):
    recipient = msgspec.structs.replace(ANNA, locale=locale)

    assert LETTERS.render(changed(REQUEST, recipient=recipient)).text == LETTERS.render(REQUEST).text


def test_a_regional_locale_falls_back_to_its_language_first(tmp_path):
    for language, greeting in (("en", "Hello"), ("pt", "Olá")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "signature_reminder.txt").write_text(f"Subject: x\n\n{greeting}\n")
        (tmp_path / language / "signature_reminder.html").write_text(greeting)
    letters = Letters("no-reply@buffrsign.example", templates=tmp_path)

    letter = letters.render(changed(REMINDER, recipient=msgspec.structs.replace(ANNA, locale="pt-BR")))

    assert (letter.text, letter.html) == ("Olá\n", "Olá")


def test_every_letter_that_can_be_asked_for_has_both_its_templates_in_english():
    for contract in get_args(Letter):
        name = contract.kind.removeprefix("email.")

        assert (TEMPLATES / "en" / f"{name}.txt").is_file()
        assert (TEMPLATES / "en" / f"{name}.html").is_file()
