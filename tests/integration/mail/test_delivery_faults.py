"""Servers that do not behave: slow, silent, talking nonsense, or gone in the middle. Each has a named outcome."""

import time
from dataclasses import replace
from email.message import EmailMessage

import pytest

from buffrsign.mail.addresses import mailbox
from buffrsign.mail.delivery import Accepted, DeliveryUncertain, Mailer, ProviderAway
from buffrsign.mail.delivery.session import Session
from tests.support.smtp import DROP, HANG, Script, ScriptedSmtp, a_message, client_tls, drip

SENDER = "no-reply@buffrsign.example"
RECIPIENT = "anna@example.com"
BEFORE_THE_MESSAGE = ("greeting", "hello", "mail", "rcpt", "data")


def hand_over(server: ScriptedSmtp, *, message: EmailMessage | None = None, **settings: object) -> Accepted:
    with (
        Mailer(server.as_server(**settings), ehlo_name="worker.buffrsign.example", tls=client_tls()) as mailer,
        mailer.address(sender=SENDER, recipient=RECIPIENT) as envelope,
    ):
        return envelope.send(a_message() if message is None else message)


@pytest.mark.parametrize("step", BEFORE_THE_MESSAGE)
@pytest.mark.parametrize(
    "answer",
    ["421 4.3.2 shutting down", "what was that?", "", "999 all is well", "-12 no", "2", "\x00\xff\x80", DROP],
    ids=["421", "words", "nothing", "999", "negative", "one digit", "binary", "drop"],
)
def test_whatever_is_said_before_the_message_instead_of_an_answer_defers_and_is_the_provider_s_fault(step, answer):
    script = replace(Script(), **{step: answer or " "})

    with ScriptedSmtp(script) as server, pytest.raises(ProviderAway):
        hand_over(server)

    assert server.messages == []


@pytest.mark.parametrize(
    "script",
    [
        Script(starttls="what was that?"),
        Script(starttls="421 4.3.2 shutting down"),
        Script(starttls=DROP),
        Script(auth="what was that?"),
        Script(auth="421 4.3.2 shutting down"),
        Script(auth="334 this is no base64!"),
        Script(auth=DROP),
    ],
    ids=["words to TLS", "421 to TLS", "drop at TLS", "words", "421", "no challenge", "drop"],
)
def test_whatever_is_said_to_tls_or_a_login_instead_of_an_answer_defers(script):
    script = replace(script, extensions=("STARTTLS", "AUTH CRAM-MD5"))

    with ScriptedSmtp(script) as server, pytest.raises(ProviderAway):
        hand_over(server, security="starttls", username="us", password="secret", timeout_s=1.0)

    assert server.messages == []


def test_what_was_said_in_clear_before_tls_is_forgotten():
    script = Script(extensions=("STARTTLS",), starttls="220 go ahead\r\n550 injected")

    with ScriptedSmtp(script) as server:
        hand_over(server, security="starttls")

    assert len(server.messages) == 1


def test_an_answer_that_came_before_its_question_takes_no_message_in():
    script = Script(data="354 go on\r\n250 2.0.0 queued already")

    with ScriptedSmtp(script) as server, pytest.raises(ProviderAway):
        hand_over(server)


@pytest.mark.parametrize("step", [*BEFORE_THE_MESSAGE, "starttls", "auth"])
def test_an_answer_that_comes_byte_by_byte_is_bounded_as_a_whole(step):
    script = replace(Script(extensions=("STARTTLS", "AUTH PLAIN")), **{step: drip("250 all in good time")})
    login = {"security": "starttls", "username": "us", "password": "secret"} if step in {"starttls", "auth"} else {}

    with ScriptedSmtp(script) as server, pytest.raises(ProviderAway):
        hand_over(server, timeout_s=0.2, **login)

    assert server.messages == []


def test_an_answer_to_a_whole_message_that_comes_byte_by_byte_is_a_doubt():
    with ScriptedSmtp(Script(end_of_data=drip("250 2.0.0 queued"))) as server, pytest.raises(DeliveryUncertain):
        hand_over(server, timeout_s=0.2)

    assert len(server.messages) == 1


def test_a_server_that_drops_in_the_middle_of_a_message_has_not_taken_it():
    long = EmailMessage()  # longer than what the kernel takes on its own
    long.set_payload(f"{'x' * 900}\n" * 9000)

    with ScriptedSmtp(Script(drop_after_bytes=1000)) as server, pytest.raises(ProviderAway, match="end of the message"):
        hand_over(server, message=long)

    assert server.messages == []


@pytest.mark.parametrize(
    "script",
    [
        Script(mail=drip("250 all in good time")),
        Script(rcpt=HANG),
        Script(data=drip("354 go on")),
        Script(stall_after_bytes=1000),
    ],
    ids=["slow to an address", "silent to an address", "slow to DATA", "reads no further"],
)
def test_a_letter_s_time_up_to_its_last_byte_is_bounded_over_all_its_steps(script):
    message = f"From: us@example.com\r\n\r\n{'x' * 900}\r\n".encode() * 9000

    with ScriptedSmtp(script) as server:
        letter_by = time.monotonic() + 0.3
        session = Session(
            server.as_server(timeout_s=20.0), ehlo_name="worker.example", tls=client_tls(), letter_by=letter_by
        )
        session.begin(letter_by=letter_by)

        def bring() -> None:
            session.agree(mailbox(SENDER), mailbox(RECIPIENT))
            session.hand_over(message)

        with pytest.raises(ProviderAway):
            bring()
        session.leave()

    assert server.messages == []
    assert time.monotonic() < letter_by + 5


def test_a_421_to_a_whole_message_says_that_it_was_not_taken():
    with ScriptedSmtp(Script(end_of_data="421 4.3.2 shutting down")) as server, pytest.raises(ProviderAway):
        hand_over(server)

    assert len(server.messages) == 1


def test_an_answer_without_an_end_is_cut_off():
    endless = "".join("250-and\r\n" for _ in range(20_000)) + "250 done"

    with ScriptedSmtp(Script(rcpt=endless)) as server, pytest.raises(ProviderAway):
        hand_over(server)


def test_no_bare_line_end_of_a_message_can_end_it_early():
    smuggled = EmailMessage()
    smuggled["Subject"] = "Please sign"
    smuggled.set_payload("one\n.\nMAIL FROM:<x@example.com>\r.\rtwo\n")

    with ScriptedSmtp() as server:
        hand_over(server, message=smuggled)

    [raw] = server.messages
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert b"\r\n..\r\nMAIL FROM" in raw
