"""The signed document on its way from the event that completes a request to the letters and the ledger."""

from base64 import b64encode
from datetime import timedelta

import dkim
import msgspec
import pytest

from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.email import DocumentCompletedEmail
from buffrsign.mail.entries import entry_of
from buffrsign.mail.links import Valid
from buffrsign.mail.record import DeliveryRecord
from tasks.documents import inspect_document
from tasks.email import send_document_completed
from tasks.requests import record_signer_event
from tests.support import described
from tests.support.attachments import BASE, arrived, attached_to, pdf_of, token_in
from tests.support.clock import NOON
from tests.support.dkim_keys import dns_of, pem, rsa_key
from tests.support.family import upload, use_mail_server
from tests.support.requests import open_job, signed, signer
from tests.support.smtp import ScriptedSmtp, as_it_was_sent


@pytest.fixture
def completed(services, enqueued):
    """The letters of a request that was completed with a stored version."""

    def complete(content: bytes) -> list[DocumentCompletedEmail]:
        version = upload(services, content)
        services.requests.open(open_job(signer("anna")))
        record_signer_event.run(signed("anna", sha256=version.sha256), services)
        return enqueued.jobs(DocumentCompletedEmail)

    return complete


def let_link(services) -> None:
    """Have what is larger than 65,536 bytes go as a link, before the first letter."""
    services.settings = msgspec.structs.replace(
        services.settings,
        link_keys=f"k1:{b64encode(b'k' * 32).decode()}",
        download_url=BASE,
        download_link_days=7,
        smtp_max_message_bytes=65_536,
    )


def recorded(enqueued) -> dict[str, object]:
    """What the ledger is asked to say of the one letter that was taken."""
    [entry] = [entry for entry in enqueued.jobs(RecordEvent) if entry.action == "letter.accepted"]
    return entry.details


def test_the_version_that_completes_a_request_goes_to_everybody(completed, services, enqueued, mail):
    content = pdf_of(10_000)

    letters = completed(content)
    for letter in letters:
        send_document_completed.run(letter, services)

    assert len(letters) == 2
    assert [attached_to(message) for message in mail.messages()] == [[content], [content]]


def test_a_picture_is_not_sent_as_the_pdf_that_was_signed(completed, services, enqueued, mail):
    [letter, *_] = completed(described.picture("PNG"))
    inspect_document.run(InspectDocument(document_id=letter.document_id, sha256=letter.sha256), services)

    send_document_completed.run(letter, services)

    [message] = mail.messages()
    assert attached_to(message) == []
    assert recorded(enqueued)["why"] == "not_a_pdf"


def test_the_ledger_says_what_was_attached(completed, services, enqueued, mail):
    [letter, *_] = completed(pdf_of(10_000))

    send_document_completed.run(letter, services)

    said = recorded(enqueued)
    assert (said["enclosure"], said["sha256"], said["bytes"]) == ("attached", letter.sha256, 10_000)


def test_the_ledger_says_until_when_a_link_holds_and_not_the_link(completed, services, enqueued, mail):
    let_link(services)
    [letter, *_] = completed(pdf_of(100_000))

    send_document_completed.run(letter, services)

    said, [message] = recorded(enqueued), mail.messages()
    token = token_in(message)
    file = {"document_id": letter.document_id, "sha256": letter.sha256, "reader": letter.recipient.recipient_id}
    assert (said["enclosure"], said["until"]) == ("linked", (NOON + timedelta(days=7)).isoformat())
    assert services.download_links.check(token, **file, now=NOON) == Valid()
    assert "token" not in msgspec.json.encode(enqueued.jobs(RecordEvent)).decode()


def test_a_link_is_made_only_where_somebody_serves_it(services):
    services.settings = msgspec.structs.replace(services.settings, link_keys=f"k1:{b64encode(b'k' * 32).decode()}")

    assert services.download_links is None


def test_without_links_the_ledger_says_that_a_large_document_was_withheld(completed, services, enqueued, mail):
    services.settings = msgspec.structs.replace(services.settings, smtp_max_message_bytes=65_536)
    [letter, *_] = completed(pdf_of(100_000))

    send_document_completed.run(letter, services)

    said = recorded(enqueued)
    assert (said["enclosure"], said["why"]) == ("withheld", "too_large")


def test_a_letter_that_was_sent_before_and_a_report_about_it_say_the_same_of_its_document(
    completed, services, enqueued, mail
):
    [letter, *_] = completed(pdf_of(10_000))
    services.post_office.deliver(letter)

    send_document_completed.run(letter, services)

    delivery = DeliveryRecord(services.database, clock=services.clock).find(letter.job_id)
    assert recorded(enqueued).items() <= entry_of(delivery, now=NOON).details.items()
    assert recorded(enqueued)["enclosure"] == "attached"


def test_the_log_names_no_link(completed, services, enqueued, caplog):
    let_link(services)
    [letter, *_] = completed(pdf_of(100_000))
    caplog.set_level("DEBUG")

    with ScriptedSmtp() as server:
        use_mail_server(services, server.port)
        send_document_completed.run(letter, services)

    said = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "letter handed over" in said
    assert token_in(arrived(server)[0]) not in said
    assert "token=" not in said


def test_a_letter_is_signed_with_its_document(completed, services, enqueued, tmp_path):
    (tmp_path / "rsa.pem").write_bytes(pem(rsa_key()))
    [letter, *_] = completed(pdf_of(10_000))

    with ScriptedSmtp() as server:
        use_mail_server(services, server.port)
        services.settings = msgspec.structs.replace(services.settings, dkim_keys=f"rsa={tmp_path}/rsa.pem")
        send_document_completed.run(letter, services)

    assert attached_to(arrived(server)[0])
    assert dkim.verify(as_it_was_sent(server.messages[0]), dnsfunc=dns_of(rsa=rsa_key()))
