import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest

from buffrsign.mail.delivery import (
    Accepted,
    DeliveryUncertain,
    MailDeferred,
    Mailer,
    MailRefused,
    ProviderAway,
    Utf8NotOffered,
)
from buffrsign.mail.delivery.breaker import Breaker
from tests.support.smtp import DROP, HANG, Script, ScriptedSmtp, a_message, client_tls

SENDER = "no-reply@buffrsign.example"
PAUSE_S = 60.0
GREYLISTED = Script(rcpt="450 4.2.0 greylisted")


class Seconds:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def chain(seconds: Seconds) -> Callable[..., Iterator[Mailer]]:
    """A mailer over the given servers, in order, whose circuits open after three failures."""
    breaker = partial(Breaker, failures_to_open=3, pause_s=PAUSE_S, monotonic=seconds)

    @contextmanager
    def open_chain(*servers: ScriptedSmtp, **settings: object) -> Iterator[Mailer]:
        named = [server.as_server(name=f"provider-{number}", **settings) for number, server in enumerate(servers)]
        with Mailer(*named, ehlo_name="worker.example", tls=client_tls(), breaker=breaker) as mailer:
            yield mailer

    return open_chain


def send(mailer: Mailer, recipient: str = "anna@example.com") -> Accepted:
    with mailer.address(sender=SENDER, recipient=recipient) as envelope:
        return envelope.send(a_message())


@pytest.mark.parametrize(
    "script",
    [
        Script(greeting=DROP),
        Script(greeting="554 5.3.2 no service for you"),
        Script(hello="421 4.3.2 shutting down"),
        Script(mail="421 4.7.0 too many sessions"),
        Script(mail="530 5.7.0 authentication required"),
        Script(rcpt=DROP),
        Script(rcpt="what?"),
        Script(rcpt=HANG),
    ],
    ids=str,
)
def test_a_letter_goes_to_the_next_provider_when_the_first_will_not_talk(chain, script):
    with ScriptedSmtp(script) as first, ScriptedSmtp() as second, chain(first, second, timeout_s=0.3) as mailer:
        send(mailer)

    assert (len(first.messages), len(second.messages)) == (0, 1)


def test_a_provider_that_is_not_there_is_passed_over(chain):
    with ScriptedSmtp() as gone:
        pass

    with ScriptedSmtp() as second, chain(gone, second) as mailer:
        send(mailer)

    assert len(second.messages) == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (GREYLISTED, MailDeferred),
        (Script(rcpt="550 5.1.1 no such user"), MailRefused),
        (Script(mail="451 4.3.0 later"), MailDeferred),
        (Script(data=DROP), MailDeferred),
        (Script(end_of_data="452 4.3.1 disk full"), MailDeferred),
        (Script(end_of_data=DROP), DeliveryUncertain),
    ],
    ids=str,
)
def test_no_second_provider_is_asked_for_a_letter_that_was_answered_or_begun(chain, script, error):
    with (
        ScriptedSmtp(script) as first,
        ScriptedSmtp() as second,
        chain(first, second) as mailer,
        pytest.raises(error),
    ):
        send(mailer)

    assert second.sessions == 0


def test_when_no_provider_will_talk_the_letter_is_deferred(chain):
    with (
        ScriptedSmtp(Script(greeting=DROP)) as first,
        ScriptedSmtp(Script(greeting="421 busy")) as second,
        chain(first, second) as mailer,
        pytest.raises(ProviderAway) as away,
    ):
        send(mailer)

    assert away.value.response == "421 busy"


def test_an_address_outside_ascii_goes_to_the_first_provider_that_can_take_it(chain):
    with ScriptedSmtp(Script(extensions=())) as first, ScriptedSmtp() as second, chain(first, second) as mailer:
        send(mailer, "ündi@example.com")

    assert (len(first.messages), len(second.messages)) == (0, 1)


def test_an_address_that_no_provider_can_take_is_refused(chain):
    plain = Script(extensions=())

    with (
        ScriptedSmtp(plain) as first,
        ScriptedSmtp(plain) as second,
        chain(first, second) as mailer,
        pytest.raises(Utf8NotOffered),
    ):
        send(mailer, "ündi@example.com")


def test_an_address_that_only_an_absent_provider_might_take_is_deferred(chain):
    with (
        ScriptedSmtp(Script(extensions=())) as first,
        ScriptedSmtp(Script(greeting=DROP)) as second,
        chain(first, second) as mailer,
        pytest.raises(ProviderAway),
    ):
        send(mailer, "ündi@example.com")


def test_a_provider_that_fails_again_and_again_is_left_alone(chain):
    with ScriptedSmtp(Script(greeting=DROP)) as first, ScriptedSmtp() as second, chain(first, second) as mailer:
        for _ in range(10):
            send(mailer)

    assert first.sessions == 3
    assert len(second.messages) == 10


def test_a_provider_that_has_recovered_is_found_by_one_probe(chain, seconds):
    down = [Script(greeting=DROP)] * 3

    with ScriptedSmtp(*down, Script()) as first, ScriptedSmtp() as second, chain(first, second) as mailer:
        for _ in range(4):
            send(mailer)
        seconds.now += PAUSE_S
        for _ in range(2):
            send(mailer)

    assert (len(first.messages), len(second.messages)) == (2, 4)


def test_a_probe_that_fails_opens_the_circuit_for_another_pause(chain, seconds):
    with ScriptedSmtp(Script(greeting=DROP)) as first, ScriptedSmtp() as second, chain(first, second) as mailer:
        for _ in range(4):
            send(mailer)
        seconds.now += PAUSE_S
        for _ in range(3):
            send(mailer)

    assert first.sessions == 4


def test_when_every_circuit_is_open_letters_are_deferred_until_the_soonest_probe(chain, seconds):
    with ScriptedSmtp(Script(greeting=DROP)) as server, chain(server) as mailer:
        for _ in range(3):
            with pytest.raises(ProviderAway):
                send(mailer)
        seconds.now += 20

        with pytest.raises(MailDeferred) as deferred:
            send(mailer)

    assert deferred.value.retry_after == timedelta(seconds=PAUSE_S - 20)
    assert server.sessions == 3


@pytest.mark.parametrize("script", [GREYLISTED, Script(rcpt="550 5.1.1 no such user")], ids=str)
def test_answers_about_recipients_never_open_a_circuit(chain, script):
    with ScriptedSmtp(script) as server, chain(server) as mailer:
        for _ in range(10):
            with pytest.raises((MailDeferred, MailRefused)) as answered:
                send(mailer)
            assert not isinstance(answered.value, ProviderAway)


@pytest.mark.parametrize(
    "script", [Script(data=DROP), Script(end_of_data="421 bye"), Script(end_of_data=DROP)], ids=str
)
def test_failures_after_the_addresses_open_a_circuit_too(chain, script):
    with ScriptedSmtp(script) as server, chain(server) as mailer:
        for _ in range(3):
            with pytest.raises((ProviderAway, DeliveryUncertain)):
                send(mailer)
        with pytest.raises(MailDeferred, match="left alone"):
            send(mailer)

    assert server.sessions == 3


def test_a_probe_whose_letter_was_not_sent_after_all_leaves_the_next_letter_to_probe(chain, seconds):
    with ScriptedSmtp(*[Script(greeting=DROP)] * 3, Script()) as server, chain(server) as mailer:
        for _ in range(3):
            with pytest.raises(ProviderAway):
                send(mailer)
        seconds.now += PAUSE_S
        with mailer.address(sender=SENDER, recipient="anna@example.com"):
            pass

        send(mailer)

    assert len(server.messages) == 1


def test_each_turn_of_a_circuit_is_logged_with_the_provider_s_name_and_no_address(chain, seconds, caplog):
    caplog.set_level(logging.INFO)

    with ScriptedSmtp(*[Script(greeting=DROP)] * 3, Script()) as server, chain(server) as mailer:
        for _ in range(3):
            with pytest.raises(ProviderAway):
                send(mailer)
        seconds.now += PAUSE_S
        send(mailer)

    turns = [record for record in caplog.records if record.name == "buffrsign.mail.delivery.breaker"]
    assert [record.getMessage() for record in turns] == [
        "mail provider's circuit opened",
        "mail provider was probed",
        "mail provider's circuit closed",
    ]
    assert {record.fields["provider"] for record in turns} == {"provider-0"}
    assert not any("anna" in str(vars(record)) for record in caplog.records)
