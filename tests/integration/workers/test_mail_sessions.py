"""What a worker does with its mail sessions when it is told to stop."""

from pathlib import Path

import pytest

from buffrsign import Producer
from buffrsign.jobs import Queue
from tests.support.broker import TestBroker
from tests.support.mail import REQUEST
from tests.support.programs import START_S, worker
from tests.support.smtp import ScriptedSmtp
from tests.support.wait import wait_until
from workers.processes import Processes


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_a_worker_that_is_told_to_stop_says_goodbye_to_its_mail_servers(
    broker: TestBroker, producer: Producer, tmp_path: Path, pool: str
) -> None:
    with ScriptedSmtp() as server:
        environment = {**broker.environment(tmp_path), "BUFFRSIGN_SMTP_PORT": str(server.port)}
        with Processes(tmp_path / "log") as processes:
            processes.start("email", [*worker(Queue.EMAIL), "--pool", pool], env=environment)
            producer.enqueue(REQUEST)
            wait_until(lambda: server.messages, "the letter to arrive", timeout_s=START_S)
            assert "quit" not in server.commands  # the session is kept
        wait_until(lambda: server.open_now == 0, "the session to be closed")

    assert server.commands[-1] == "quit"
