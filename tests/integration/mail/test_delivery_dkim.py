import dkim
import pytest

from buffrsign.mail.delivery import Mailer
from buffrsign.mail.dkim import DkimSigner
from buffrsign.mail.letters import Letters
from buffrsign.mail.message import as_message
from tests.support.dkim_keys import dns_of, ed25519_key, pem, rsa_key
from tests.support.mail import EVERY_LETTER, NOW, REMINDER
from tests.support.smtp import ScriptedSmtp, as_it_was_sent

LETTERS = Letters("no-reply@buffrsign.example")
SIGNERS = [
    DkimSigner(pem(rsa_key()), domain="buffrsign.example", selector="rsa"),
    DkimSigner(pem(ed25519_key()), domain="buffrsign.example", selector="ed"),
]
DNS = dns_of(rsa=rsa_key(), ed=ed25519_key())


def received(letter, *, recipient: str = "anna@example.com", unsubscribe: str | None = None) -> bytes:
    """The letter as the next server has it: what came over the wire, without the doubled dots."""
    with (
        ScriptedSmtp() as server,
        Mailer(server.as_server(), ehlo_name="worker.example", signers=SIGNERS) as mailer,
        mailer.address(sender="no-reply@buffrsign.example", recipient=recipient) as envelope,
    ):
        envelope.send(as_message(LETTERS.render(letter), date=NOW, unsubscribe=unsubscribe))
    return as_it_was_sent(server.messages[0])


@pytest.mark.parametrize("letter", EVERY_LETTER, ids=lambda letter: letter.kind)
def test_what_goes_over_the_wire_is_what_was_signed(letter):
    raw = received(letter)

    assert [dkim.DKIM(raw).verify(idx=index, dnsfunc=DNS) for index in range(2)] == [True, True]


def test_both_unsubscribe_fields_are_covered_by_every_signature():
    raw = received(REMINDER, unsubscribe="https://sign.example.com/unsubscribe/doc_7/" + "x" * 100)

    for index in range(2):
        verified = dkim.DKIM(raw)
        assert verified.verify(idx=index, dnsfunc=DNS)
        assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(verified.include_headers)
