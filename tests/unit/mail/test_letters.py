import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html import unescape
from typing import get_args

import msgspec
import pytest

from buffrsign.jobs.email import Letter, SignatureRequestEmail, WhyUnreached
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.letters import Letters, RenderedLetter
from buffrsign.mail.message import as_message
from buffrsign.mail.outlines import OUTLINES
from buffrsign.mail.samples import SAMPLES, sample
from tests.support.mail import COMPLETED, EVERY_LETTER, LINK, NOW, REMINDER, REQUEST

LETTERS = Letters("no-reply@buffrsign.example", clock=lambda: NOW)
EXPIRES = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
LOCALES = ("en", "af", "de")
EVERY_SAMPLE = pytest.mark.parametrize("kind", SAMPLES)
EVERY_LOCALE = pytest.mark.parametrize("locale", LOCALES)


def link_of(letter: Letter) -> str | None:
    return getattr(letter, "signing_url", None) or getattr(letter, "document_url", None)


def received(letter: Letter) -> EmailMessage:
    """The letter as a mail program reads it from the wire."""
    raw = as_message(LETTERS.render(letter), date=NOW).as_bytes()
    return email.message_from_bytes(raw, policy=email.policy.default)


def changed(letter: Letter, **fields: object) -> Letter:
    return msgspec.structs.replace(letter, **fields)


def written(kind: str, locale: str, **fields: object) -> RenderedLetter:
    return LETTERS.render(changed(sample(f"email.{kind}", locale=locale), **fields))


def test_every_letter_that_can_be_asked_for_has_an_outline_and_a_sample():
    kinds = {contract.kind for contract in get_args(Letter)}

    assert set(OUTLINES) == kinds
    assert set(SAMPLES) == kinds


def test_each_letter_says_in_its_subject_what_it_is_about():
    subjects = {kind.removeprefix("email."): LETTERS.render(letter).subject for kind, letter in SAMPLES.items()}

    assert subjects == {
        "signature_request": "Ndapewa Shikongo asks you to sign “Service agreement 2026”",
        "signature_reminder": "Reminder 3: please sign or decline “Service agreement 2026”",
        "last_chance": "Last chance to sign “Service agreement 2026”",
        "signer_reassigned": "Ndapewa Shikongo now asks you to sign “Service agreement 2026”",
        "document_completed": "Everyone has signed “Service agreement 2026”",
        "request_declined": "Anna Nghipandulwa declined to sign “Service agreement 2026”",
        "request_expired": "“Service agreement 2026” expired before everyone had signed",
        "request_voided": "Ndapewa Shikongo withdrew “Service agreement 2026”",
        "compliance_alert": "Please look at “Service agreement 2026”",
        "delivery_failed": "A letter about “Service agreement 2026” was not delivered",
        "one_time_code": "Your code for BuffrSign",
    }


@pytest.mark.parametrize("letter", [*filter(link_of, EVERY_LETTER)], ids=lambda letter: letter.kind)
def test_both_parts_carry_the_same_link_and_the_html_shows_a_button_and_the_bare_url(letter):
    message = received(letter)

    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()

    link = link_of(letter)
    assert link in text.splitlines()
    assert unescape(html).count(f'href="{link}"') == 2
    assert unescape(html).count(link) == 3


@EVERY_LOCALE
@EVERY_SAMPLE
def test_each_letter_is_whole_in_each_language(kind, locale):
    letter = LETTERS.render(sample(kind, locale=locale))

    assert letter.language == locale
    assert f'<html lang="{locale}"' in letter.html
    assert f"<title>{letter.subject}</title>" in unescape(letter.html)
    assert letter.preheader not in {"", letter.subject}
    assert "{{" not in letter.subject + letter.text + letter.html
    assert not re.search(r"<\w", letter.text)
    assert "\n\n\n" not in letter.text
    assert letter.text.endswith("\n\nBuffrSign\n")


@EVERY_LOCALE
@EVERY_SAMPLE
def test_lines_of_text_are_short_enough_for_every_mail_program(kind, locale):
    letter = LETTERS.render(sample(kind, locale=locale))

    assert [line for line in letter.text.splitlines() if len(line) > 76 and "https://" not in line] == []


def test_a_reader_sees_who_asked_and_can_answer_them():
    message = received(changed(REQUEST, sender_email="ndapewa@example.com"))

    assert message["From"] == "Ndapewa Shikongo via BuffrSign <no-reply@buffrsign.example>"
    assert message["To"] == "Anna Nghipandulwa <anna@example.com>"
    assert message["Reply-To"] == "ndapewa@example.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW


def test_where_the_sender_has_no_address_answers_go_to_the_reply_address_if_there_is_one():
    letters = Letters("no-reply@buffrsign.example", reply_to="help@buffrsign.example")

    assert letters.render(REQUEST).reply_to == "help@buffrsign.example"
    assert letters.render(changed(REQUEST, sender_email="ndapewa@example.com")).reply_to == "ndapewa@example.com"
    assert LETTERS.render(REQUEST).reply_to is None


def test_the_message_id_is_the_job_s_so_that_a_second_copy_is_known_as_one():
    first, second = LETTERS.render(REQUEST), LETTERS.render(REQUEST)

    assert first == second
    assert first.message_id == f"<{REQUEST.job_id.lower()}@buffrsign.example>"


@pytest.mark.parametrize(
    ("locale", "until", "completed"),
    [
        (
            "en",
            "You can sign until 1 December 2026 at 17:00, Namibian time (UTC+02:00).",
            "It was completed on 2 December 2026 at 01:05, Namibian time (UTC+02:00).",
        ),
        (
            "af",
            "U kan teken tot 1 Desember 2026 om 17:00, Namibiese tyd (UTC+02:00).",
            "Dit is afgehandel op 2 Desember 2026 om 01:05, Namibiese tyd (UTC+02:00).",
        ),
        (
            "de",
            "Sie können bis zum 1. Dezember 2026 um 17:00 Uhr namibischer Zeit (UTC+02:00) unterschreiben.",
            "Es wurde am 2. Dezember 2026 um 01:05 Uhr namibischer Zeit (UTC+02:00) abgeschlossen.",
        ),
    ],
)
def test_moments_are_said_in_the_reader_s_language_and_in_namibian_time_with_its_offset(locale, until, completed):
    at = datetime(2026, 12, 1, 23, 5, tzinfo=UTC)

    assert until in written("signature_request", locale).html
    assert completed in written("document_completed", locale, completed_at=at).html


def test_a_letter_without_its_optional_facts_reads_as_a_whole():
    bare = SignatureRequestEmail(recipient=Recipient("x@example.com"), document_title="Lease", signing_url=LINK)

    letter = LETTERS.render(bare)

    assert letter.subject == "Please sign “Lease”"
    assert letter.from_name == "BuffrSign"
    assert letter.text.startswith("Hello,\n\nYou are asked to sign this document:\n\n    Lease\n\nRead and sign:\n\n")
    assert f"\n\n{LINK}\n\nThe link is for you alone" in letter.text
    assert "until" not in letter.text


def test_a_completion_without_a_link_shows_no_button():
    letter = LETTERS.render(changed(COMPLETED, document_url=None))

    assert "<a " not in letter.html
    assert "link" not in letter.text


@EVERY_LOCALE
def test_reminders_become_more_urgent_with_their_round(locale):
    rounds = [written("signature_reminder", locale, round=round_) for round_ in (1, 2, 3, 4)]

    assert len({letter.subject for letter in rounds}) == 4
    assert len({letter.preheader for letter in rounds}) == 3
    assert len({letter.text for letter in rounds}) == 4
    assert "3" in rounds[2].subject
    assert "4" in rounds[3].subject


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (EXPIRES - timedelta(days=7), {"en": "7 days remain.", "af": "nog 7 dae oor.", "de": "noch 7 Tage."}),
        (EXPIRES - timedelta(days=1), {"en": "One day remains.", "af": "nog een dag oor.", "de": "noch ein Tag."}),
        # Counted in Namibia, where it is the 1st of December already.
        (
            datetime(2026, 11, 30, 22, 30, tzinfo=UTC),
            {"en": "the last day.", "af": "die laaste dag.", "de": "der letzte"},
        ),
        (EXPIRES - timedelta(minutes=1), {"en": "the last day.", "af": "die laaste dag.", "de": "der letzte Tag."}),
    ],
)
@EVERY_LOCALE
def test_a_reminder_says_how_many_days_remain_on_the_day_on_which_it_is_written(locale, now, said):
    letters = Letters("no-reply@buffrsign.example", clock=lambda: now)

    text = letters.render(changed(sample("email.signature_reminder", locale=locale), expires_at=EXPIRES)).text

    assert said[locale] in text


@pytest.mark.parametrize("expires_at", [None, NOW, NOW - timedelta(days=1)])
def test_a_reminder_without_time_left_counts_no_days(expires_at):
    text = LETTERS.render(changed(REMINDER, expires_at=expires_at)).text

    assert "remain" not in text.replace("reminder", "")
    assert "last day" not in text


@pytest.mark.parametrize("why", WhyUnreached)
@EVERY_LOCALE
def test_a_failed_delivery_says_whom_it_did_not_reach_why_and_what_to_do(locale, why):
    texts = {each: " ".join(written("delivery_failed", locale, why=each).text.split()) for each in WhyUnreached}

    assert "Anna Nghipandulwa (anna@example.com)" in texts[why]
    assert list(texts.values()).count(texts[why]) == 1


def test_a_code_is_in_the_letter_and_not_where_a_locked_screen_shows_it():
    letter = written("one_time_code", "en")

    assert "    482-915\n" in letter.text
    assert "482-915" in letter.html
    assert "482" not in letter.subject + letter.preheader


@pytest.mark.parametrize(("minutes", "said"), [(1, "one minute"), (10, "10 minutes")])
def test_a_code_says_how_long_it_is_valid(minutes, said):
    assert said in written("one_time_code", "en", minutes_valid=minutes).text


def test_findings_are_a_list():
    letter = LETTERS.render(SAMPLES["email.compliance_alert"])

    assert "- One signer was not identified.\n" in letter.text
    assert letter.html.count("<li>") == 2


@pytest.mark.parametrize(
    ("locale", "language"),
    [("pt", "en"), ("pt-BR", "en"), ("en-GB", "en"), ("de-NA", "de"), ("af-ZA", "af"), ("de", "de")],
)
def test_a_locale_falls_back_to_its_language_and_then_to_english(locale, language):
    there, here = written("signature_request", locale), written("signature_request", language)

    assert (there.language, there.text, there.html) == (language, here.text, here.html)
