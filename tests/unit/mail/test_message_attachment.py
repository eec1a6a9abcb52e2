"""A message with a file: what mail programs make of it, and that no title breaks out of its header field."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.mail.letters import Letters
from buffrsign.mail.message import Pdf, as_bytes, as_message
from tests.support.mail import COMPLETED, NOW

LETTER = Letters("no-reply@buffrsign.example").render(COMPLETED)
CONTENT = b"%PDF-1.7\n.\r\n\x00\xff" * 99


def arrived(title: str = "Lease") -> EmailMessage:
    """The message as a mail program reads it."""
    raw = as_bytes(as_message(LETTER, date=NOW, pdf=Pdf(title, CONTENT)), utf8=False)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def file_name(title: str) -> str | None:
    [part] = arrived(title).iter_attachments()
    return part.get_filename()


def test_a_file_arrives_as_it_was_beside_both_forms_of_the_letter():
    message = arrived()
    [part] = message.iter_attachments()

    assert message.get_content_type() == "multipart/mixed"
    assert (part.get_content_type(), part.get_content_disposition()) == ("application/pdf", "attachment")
    assert part.get_content() == CONTENT
    for form, text in (("plain", LETTER.text), ("html", LETTER.html)):
        body = message.get_body((form,))
        assert body is not None
        assert body.get_content().split() == text.split()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Service agreement 2026", "Service agreement 2026.pdf"),
        ("Mietvertrag für Anna", "Mietvertrag für Anna.pdf"),
        ("合同", "合同.pdf"),
        ("../../etc/passwd", "etc passwd.pdf"),
        ('a"; filename="b.exe', "a ; filename= b.exe.pdf"),
        ("lease\u202efdp.exe", "lease fdp.exe.pdf"),
        ("...", "document.pdf"),
        ("50 % of it", "50 of it.pdf"),
        ("x" * 300, "x" * 120 + ".pdf"),
    ],
)
def test_a_file_is_called_by_its_title_and_is_a_pdf(title, name):
    assert file_name(title) == name


@given(st.text(max_size=300))
def test_no_title_breaks_the_message_or_makes_a_line_too_long(title: str):
    raw = as_bytes(as_message(LETTER, date=NOW, pdf=Pdf(title, CONTENT)), utf8=False)

    [part] = arrived(title).iter_attachments()
    assert part.get_content() == CONTENT
    assert str(part.get_filename()).endswith(".pdf")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
