"""How the settings of delivery reach the tasks."""

from collections.abc import Callable
from pathlib import Path

import dkim
import msgspec
import pytest

from buffrsign.core.errors import NotYet
from buffrsign.core.ids import new_ulid
from buffrsign.jobs.email import DocumentCompletedEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.dkim import DkimKeyUnusable
from buffrsign.mail.record import DeliveryRecord
from config.services import Services
from tasks.email import send_document_completed, send_signature_request
from tests.support.dkim_keys import dns_of, pem, rsa_key
from tests.support.mail import REQUEST
from tests.support.smtp import ScriptedSmtp, as_it_was_sent
from workers.processes import free_port

LETTER = DocumentCompletedEmail(recipient=Recipient("anna@example.com"), document_title="Lease")


def another() -> DocumentCompletedEmail:
    return msgspec.structs.replace(LETTER, job_id=new_ulid())


@pytest.fixture
def configure(services: Services) -> Callable[..., None]:
    """Changes settings, before the first letter."""

    def change(**settings: object) -> None:
        services.settings = msgspec.structs.replace(services.settings, **settings)

    return change


def test_a_chain_of_providers_is_followed(services, configure):
    with ScriptedSmtp() as server:
        chain = [{"name": "away", "host": "127.0.0.1", "port": free_port()}, {"host": "127.0.0.1", "port": server.port}]
        configure(smtp_providers=msgspec.json.encode(chain).decode())

        send_document_completed.run(LETTER, services)

        assert len(server.messages) == 1


def test_a_letter_over_the_rate_comes_back_and_leaves_no_record_until_then(services, configure):
    late = another()

    with ScriptedSmtp() as server:
        configure(smtp_port=server.port, smtp_per_second=1.0)
        send_document_completed.run(LETTER, services)
        with pytest.raises(NotYet) as early:
            send_document_completed.run(late, services)
        assert DeliveryRecord(services.database, clock=services.clock).find(late.job_id) is None
        services.clock.advance(early.value.delay)
        send_document_completed.run(late, services)

        assert len(server.messages) == 2


def test_a_signature_request_goes_at_once_while_a_bulk_of_other_letters_waits(services, configure):
    with ScriptedSmtp() as server:
        configure(smtp_port=server.port, smtp_per_second=1.0)
        send_document_completed.run(LETTER, services)
        for letter in (another() for _ in range(3)):
            with pytest.raises(NotYet):
                send_document_completed.run(letter, services)

        send_signature_request.run(REQUEST, services)

        assert len(server.messages) == 2


def test_letters_are_signed_where_a_key_is_set(services, configure, tmp_path: Path):
    (tmp_path / "rsa.pem").write_bytes(pem(rsa_key()))

    with ScriptedSmtp() as server:
        configure(smtp_port=server.port, dkim_keys=f"rsa={tmp_path}/rsa.pem")
        send_document_completed.run(LETTER, services)

        assert dkim.verify(as_it_was_sent(server.messages[0]), dnsfunc=dns_of(rsa=rsa_key()))


def test_a_signing_key_that_is_not_there_keeps_letters_waiting(services, configure, tmp_path: Path):
    with ScriptedSmtp() as server:
        configure(smtp_port=server.port, dkim_keys=f"rsa={tmp_path}/rsa.pem")
        with pytest.raises(DkimKeyUnusable):
            send_document_completed.run(LETTER, services)

        assert server.sessions == 0
