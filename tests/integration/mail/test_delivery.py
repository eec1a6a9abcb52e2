import pytest

from buffrsign.mail.addresses import MailboxRefused
from buffrsign.mail.delivery import (
    LONGEST_RESPONSE,
    Accepted,
    DeliveryUncertain,
    MailDeferred,
    Mailer,
    MailRefused,
    Utf8NotOffered,
)
from tests.support.smtp import DROP, HANG, Script, ScriptedSmtp, a_message, client_tls

SENDER = "no-reply@buffrsign.example"
RECIPIENT = "anna@example.com"


def hand_over(server: ScriptedSmtp, *, recipient: str = RECIPIENT, **settings: object) -> Accepted:
    with (
        Mailer(server.as_server(**settings), ehlo_name="worker.buffrsign.example", tls=client_tls()) as mailer,
        mailer.address(sender=SENDER, recipient=recipient) as envelope,
    ):
        return envelope.send(a_message())


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
