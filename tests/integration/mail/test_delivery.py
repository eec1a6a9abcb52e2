import time
from dataclasses import replace
from email.message import EmailMessage

import pytest

from buffrsign.mail.addresses import MailboxRefused, mailbox
from buffrsign.mail.delivery import (
    LONGEST_RESPONSE,
    Accepted,
    DeliveryUncertain,
    MailDeferred,
    Mailer,
    MailRefused,
    ProviderAway,
    Utf8NotOffered,
)
from buffrsign.mail.delivery.session import Session
from tests.support.smtp import DROP, HANG, Script, ScriptedSmtp, a_message, client_tls, drip

SENDER = "no-reply@buffrsign.example"
RECIPIENT = "anna@example.com"


def hand_over(
    server: ScriptedSmtp, *, recipient: str = RECIPIENT, message: EmailMessage | None = None, **settings: object
) -> Accepted:
    with (
        Mailer(server.as_server(**settings), ehlo_name="worker.buffrsign.example", tls=client_tls()) as mailer,
        mailer.address(sender=SENDER, recipient=recipient) as envelope,
    ):
        return envelope.send(a_message() if message is None else message)


def test_an_accepted_message_arrives_whole_and_its_answer_is_kept():
    with ScriptedSmtp() as server:
        accepted = hand_over(server)

    assert accepted == Accepted("127.0.0.1", "250 2.0.0 queued as 4711")
    assert server.commands == [
        "ehlo worker.buffrsign.example",
        f"mail FROM:<{SENDER}>",
        f"rcpt TO:<{RECIPIENT}>",
        "DATA",
        "quit",
    ]
    assert server.messages[0].endswith(b"Hello,\r\n\r\n..a line that starts with a dot\r\n")


@pytest.mark.parametrize(
    "script",
    [
        Script(greeting="421 4.3.2 shutting down"),
        Script(greeting="554 5.3.2 no service for you"),
        Script(greeting="hello, this is a printer"),
        Script(greeting=DROP),
        Script(mail="451 4.3.0 try later"),
        Script(mail=DROP),
        Script(rcpt="450 4.2.0 greylisted anna@example.com"),
        Script(rcpt="good morning"),
        Script(rcpt="250-" + "x" * 9000),
        Script(data="421 4.3.2 shutting down"),
        Script(data=DROP),
        Script(end_of_data="452 4.3.1 disk full"),
    ],
    ids=str,
)
def test_a_message_that_the_server_has_surely_not_taken_is_deferred(script):
    with ScriptedSmtp(script) as server, pytest.raises(MailDeferred) as caught:
        hand_over(server)

    assert RECIPIENT not in str(caught.value)


@pytest.mark.parametrize(
    "script",
    [
        Script(mail="550 5.7.1 not from here"),
        Script(rcpt="550 5.1.1 anna@example.com: no such user"),
        Script(data="554 5.7.0 no"),
        Script(end_of_data="554 5.6.0 looks like spam"),
    ],
    ids=str,
)
def test_a_message_that_the_server_will_never_take_is_refused(script):
    with ScriptedSmtp(script) as server, pytest.raises(MailRefused, match=r"SMTP 55\d") as caught:
        hand_over(server)

    assert caught.value.response in {script.mail, script.rcpt, script.data, script.end_of_data}
    assert RECIPIENT not in str(caught.value)


@pytest.mark.parametrize("answer", [DROP, "what was that?", "2", "250-" + "x" * 9000])
def test_a_lost_answer_to_a_whole_message_is_a_doubt_and_not_a_failure(answer):
    with ScriptedSmtp(Script(end_of_data=answer)) as server, pytest.raises(DeliveryUncertain):
        hand_over(server)

    assert len(server.messages) == 1


def test_the_server_s_words_are_kept_within_bounds():
    chatter = "".join(f"550-{'no ' * 100}\r\n" for _ in range(50)) + "550 never"

    with ScriptedSmtp(Script(rcpt=chatter)) as server, pytest.raises(MailRefused) as caught:
        hand_over(server)

    assert len(caught.value.response) == LONGEST_RESPONSE


def test_silence_before_the_message_defers():
    with ScriptedSmtp(Script(rcpt=HANG)) as server, pytest.raises(MailDeferred, match="before the message"):
        hand_over(server, timeout_s=0.2)


def test_silence_after_the_message_is_a_doubt():
    with ScriptedSmtp(Script(end_of_data=HANG)) as server, pytest.raises(DeliveryUncertain):
        hand_over(server, timeout_s=0.2)


def test_a_server_that_is_not_there_defers():
    with ScriptedSmtp() as server:
        pass

    with pytest.raises(MailDeferred, match="ConnectionRefusedError"):
        hand_over(server)


def test_an_address_outside_ascii_goes_out_where_the_server_offers_smtputf8():
    with ScriptedSmtp() as server:
        hand_over(server, recipient="ündi@example.com")

    assert f"mail FROM:<{SENDER}> SMTPUTF8 BODY=8BITMIME" in server.commands
    assert "rcpt TO:<ündi@example.com>" in server.commands


def test_an_address_outside_ascii_is_refused_where_the_server_does_not():
    with ScriptedSmtp(Script(extensions=())) as server, pytest.raises(Utf8NotOffered, match="SMTPUTF8"):
        hand_over(server, recipient="ündi@example.com")

    assert not any(command.startswith("mail") for command in server.commands)


def test_a_domain_outside_ascii_goes_out_in_ascii_to_any_server():
    with ScriptedSmtp(Script(extensions=())) as server:
        hand_over(server, recipient="anna@müller.example")

    assert "rcpt TO:<anna@xn--mller-kva.example>" in server.commands


@pytest.mark.parametrize(
    "recipient", ["anna", "anna@example.com\r\nRCPT TO:<b@example.com>", "a" * 300 + "@example.com"]
)
def test_an_address_that_is_none_is_refused_before_a_server_is_asked(recipient):
    with ScriptedSmtp() as server, pytest.raises(MailboxRefused) as caught:
        hand_over(server, recipient=recipient)

    assert server.sessions == 0
    assert recipient not in str(caught.value)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_message_goes_out_encrypted_and_with_a_login(security):
    script = Script(extensions=("STARTTLS", "AUTH PLAIN"))

    with ScriptedSmtp(script, implicit_tls=security == "tls") as server:
        hand_over(server, security=security, username="us", password="secret")

    assert any(command.startswith("AUTH PLAIN ") for command in server.commands)
    assert len(server.messages) == 1


def test_no_letter_goes_out_in_clear_when_the_server_has_lost_its_starttls():
    with ScriptedSmtp() as server, pytest.raises(MailDeferred, match="SMTPNotSupportedError"):
        hand_over(server, security="starttls")

    assert server.messages == []


def test_a_certificate_that_nobody_vouches_for_defers():
    script = Script(extensions=("STARTTLS",))

    with (
        ScriptedSmtp(script) as server,
        Mailer(server.as_server(security="starttls"), ehlo_name="worker.example") as mailer,
        pytest.raises(MailDeferred, match="SSLCertVerificationError"),
    ):
        mailer.address(sender=SENDER, recipient=RECIPIENT)


def test_a_wrong_password_is_ours_to_mend_and_kills_no_letter():
    script = Script(extensions=("AUTH PLAIN",), auth="535 5.7.8 wrong")

    with ScriptedSmtp(script) as server, pytest.raises(MailDeferred, match="login"):
        hand_over(server, username="us", password="wrong")


def test_a_password_is_not_shown_with_its_server():
    with ScriptedSmtp() as server:
        shown = repr(server.as_server(username="us", password="secret"))

    assert "secret" not in shown


BEFORE_THE_MESSAGE = ("greeting", "hello", "mail", "rcpt", "data")


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
    [Script(mail=drip("250 all in good time")), Script(data=drip("354 go on")), Script(stall_after_bytes=1000)],
    ids=["slow to an address", "slow to DATA", "reads no further"],
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
