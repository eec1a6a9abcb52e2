import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from buffrsign.mail.delivery import Accepted, MailDeferred, Mailer, MailRefused, NoConnectionFree, ProviderAway
from buffrsign.mail.delivery.pool import Pool
from tests.support.smtp import DROP, HANG, Script, ScriptedSmtp, a_message, client_tls
from tests.support.wait import wait_until

SENDER = "no-reply@buffrsign.example"
TAKEN = Accepted("127.0.0.1", "250 2.0.0 queued as 4711")


@contextmanager
def mailer_to(server: ScriptedSmtp, **settings: object) -> Iterator[Mailer]:
    with Mailer(server.as_server(**settings), ehlo_name="worker.example", tls=client_tls()) as mailer:
        yield mailer


def send(mailer: Mailer, recipient: str = "anna@example.com", *, urgent: bool = False) -> Accepted:
    with mailer.address(sender=SENDER, recipient=recipient, urgent=urgent) as envelope:
        return envelope.send(a_message())


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_letters_go_out_one_after_another_over_one_session(security):
    script = Script(extensions=("STARTTLS", "AUTH PLAIN"))
    login = {} if security == "none" else {"username": "us", "password": "secret"}

    with (
        ScriptedSmtp(script, implicit_tls=security == "tls") as server,
        mailer_to(server, security=security, **login) as mailer,
    ):
        assert [send(mailer) for _ in range(5)] == [TAKEN] * 5

    assert server.sessions == 1
    assert sum(command.startswith("AUTH") for command in server.commands) == (security != "none")


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Script(rcpt=["550 5.1.1 no such user", "250 ok"]), MailRefused),
        (Script(rcpt=["450 4.2.0 greylisted", "250 ok"]), MailDeferred),
        (Script(mail=["451 4.3.0 later", "250 ok"]), MailDeferred),
        (Script(data=["554 5.7.0 no", "354 go on"]), MailRefused),
        (Script(end_of_data=["554 5.6.0 spam", "250 ok"]), MailRefused),
        (Script(end_of_data=["452 4.3.1 disk full", "250 ok"]), MailDeferred),
    ],
    ids=str,
)
def test_a_session_outlives_a_letter_that_was_turned_away(script, error):
    with ScriptedSmtp(script) as server, mailer_to(server) as mailer:
        with pytest.raises(error):
            send(mailer)

        assert send(mailer, "ben@example.com").response.startswith("250")

    assert server.sessions == 1


def test_the_addresses_of_one_letter_are_forgotten_before_the_next():
    with ScriptedSmtp(Script(rcpt=["550 5.1.1 no such user", "250 ok"])) as server, mailer_to(server) as mailer:
        with pytest.raises(MailRefused):
            send(mailer)
        send(mailer, "ben@example.com")

    assert server.commands[3:6] == ["rset", f"mail FROM:<{SENDER}>", "rcpt TO:<ben@example.com>"]


@pytest.mark.parametrize("rset", ["550 no", "421 4.3.2 bye", DROP, "what?"])
def test_a_session_that_cannot_forget_is_not_used_again(rset):
    script = Script(rcpt="450 4.2.0 greylisted", rset=rset)

    with ScriptedSmtp(script, Script()) as server, mailer_to(server) as mailer:
        with pytest.raises(MailDeferred):
            send(mailer)

        assert send(mailer) == TAKEN

    assert server.sessions == 2


def test_a_letter_that_was_addressed_and_not_sent_leaves_a_usable_session():
    with ScriptedSmtp() as server, mailer_to(server) as mailer:
        with mailer.address(sender=SENDER, recipient="anna@example.com"):
            pass

        assert send(mailer) == TAKEN

    assert (server.sessions, len(server.messages)) == (1, 1)


def test_a_session_that_the_server_closed_meanwhile_is_opened_anew_and_that_is_no_failure():
    with ScriptedSmtp() as server, mailer_to(server) as mailer:
        send(mailer)
        server.hang_up()

        assert send(mailer) == TAKEN

    assert server.sessions == 2


@pytest.mark.parametrize("answer", ["421 4.4.2 idle for too long", DROP, "what?"])
@pytest.mark.parametrize("step", ["mail", "rcpt"])
def test_a_kept_session_that_turns_out_dead_before_the_message_is_opened_anew_once(step, answer):
    dying = Script(**{step: ["250 ok", answer]})

    with ScriptedSmtp(dying, Script()) as server, mailer_to(server) as mailer:
        send(mailer)

        assert send(mailer) == TAKEN

    assert server.sessions == 2


def test_a_session_that_is_opened_anew_and_fails_again_defers():
    with ScriptedSmtp(Script(mail=["250 ok", DROP]), Script(mail=DROP)) as server, mailer_to(server) as mailer:
        send(mailer)
        with pytest.raises(ProviderAway):
            send(mailer)

    assert server.sessions == 2


def test_a_session_that_dies_after_data_is_not_tried_again_by_itself():
    with ScriptedSmtp(Script(data=["354 go on", DROP]), Script()) as server, mailer_to(server) as mailer:
        send(mailer)
        with pytest.raises(ProviderAway):
            send(mailer)

    assert server.sessions == 1


def test_a_session_carries_a_bounded_number_of_letters():
    with ScriptedSmtp() as server, mailer_to(server, letters_per_connection=2) as mailer:
        for _ in range(5):
            send(mailer)

        assert server.sessions == 3
        assert server.commands.count("quit") == 2


def test_an_idle_session_is_closed_after_a_while():
    with ScriptedSmtp() as server, mailer_to(server, idle_s=0.05) as mailer:
        send(mailer)

        wait_until(lambda: server.open_now == 0, "the idle session to be closed")

        assert server.commands[-1] == "quit"
        assert send(mailer) == TAKEN


def test_a_closed_mailer_has_said_goodbye_everywhere():
    with ScriptedSmtp() as server:
        with mailer_to(server) as mailer, ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda _n: send(mailer), range(12)))
        wait_until(lambda: server.open_now == 0, "the sessions to be closed")

    assert server.commands.count("quit") == server.sessions


def test_a_forgotten_mailer_leaves_no_connection_behind():
    with ScriptedSmtp() as server:
        mailer = Mailer(server.as_server(), ehlo_name="worker.example")
        send(mailer)
        del mailer

        wait_until(lambda: server.open_now == 0, "the session to be closed")


def test_many_threads_never_open_more_connections_than_the_pool_s_bound():
    with ScriptedSmtp() as server, mailer_to(server, connections=4) as mailer, ThreadPoolExecutor(16) as threads:
        taken = list(threads.map(lambda number: send(mailer, urgent=number % 4 == 0), range(400)))

    assert taken == [TAKEN] * 400
    assert len(server.messages) == 400
    assert server.peak <= 4


def test_an_urgent_letter_finds_a_connection_while_bulk_holds_all_the_others():
    with ScriptedSmtp() as server, mailer_to(server, connections=3) as mailer:
        bulk = [mailer.address(sender=SENDER, recipient=f"{number}@example.com") for number in range(2)]

        assert send(mailer, urgent=True) == TAKEN

        for envelope in bulk:
            with envelope:
                envelope.send(a_message())


def test_a_letter_that_finds_no_connection_free_waits_without_an_attempt():
    with ScriptedSmtp() as server:
        pool = Pool(
            server.as_server(connections=2), ehlo_name="worker.example", tls=client_tls(), wait_for_place_s=0.05
        )
        held = pool.take(urgent=False, letter_by=time.monotonic() + 30)

        with pytest.raises(NoConnectionFree) as early:
            pool.take(urgent=False, letter_by=time.monotonic() + 30)

        assert early.value.delay.total_seconds() > 0
        pool.give_back(held, urgent=False)
        pool.close()


def test_a_letter_gets_the_connection_that_another_one_gives_back():
    with ScriptedSmtp() as server, mailer_to(server, connections=2) as mailer:
        first = mailer.address(sender=SENDER, recipient="anna@example.com")
        results: list[Accepted] = []
        second = threading.Thread(target=lambda: results.append(send(mailer)))
        second.start()
        with first:
            first.send(a_message())
        second.join()

    assert results == [TAKEN]
    assert server.sessions == 1


def test_an_interrupted_letter_gives_back_its_place_and_closes_its_session():
    with ScriptedSmtp(Script(), Script()) as server, mailer_to(server, connections=2) as mailer:
        with pytest.raises(KeyboardInterrupt), mailer.address(sender=SENDER, recipient="anna@example.com"):
            raise KeyboardInterrupt

        assert [send(mailer) for _ in range(3)] == [TAKEN] * 3


def test_a_server_that_does_not_answer_gives_its_place_back():
    with ScriptedSmtp(Script(rcpt=HANG), Script()) as server, mailer_to(server, connections=2, timeout_s=0.2) as mailer:
        with pytest.raises(ProviderAway):
            send(mailer)

        assert send(mailer) == TAKEN


def test_the_child_of_a_fork_opens_sessions_of_its_own_and_leaves_the_parent_s_alone():
    with ScriptedSmtp() as server, mailer_to(server) as mailer:
        send(mailer)
        child = os.fork()
        if child == 0:
            try:
                ended = 0 if send(mailer) == TAKEN else 1
                mailer.close()
            except BaseException:  # noqa: BLE001 - the child must never return into the tests
                ended = 2
            os._exit(ended)
        assert os.waitpid(child, 0)[1] == 0
        assert server.sessions == 2

        assert send(mailer) == TAKEN

    assert server.sessions == 2
    assert len(server.messages) == 3
