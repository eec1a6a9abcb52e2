"""An uncertain letter from its doubt to its end, with a live worker, a real mail server and the operator's command."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from buffrsign import Producer, State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.core.clock import utc_now
from buffrsign.core.sql import Database
from buffrsign.ledger import Ledger
from tests.support.broker import TestBroker
from tests.support.cli import Run, command_line
from tests.support.jobs import letter
from tests.support.programs import START_S, processes_of, producing
from tests.support.smtp import DROP, Script, ScriptedSmtp
from tests.support.wait import wait_until
from workers.processes import Processes


@pytest.fixture
def producer(broker: TestBroker) -> Iterator[Producer]:
    with producing(broker) as producer:
        yield producer


@pytest.fixture
def run(broker: TestBroker, tmp_path: Path) -> Run:
    return command_line(broker.environment(tmp_path))


def wait_for_state(producer: Producer, job_id: str, state: State) -> None:
    wait_until(lambda: producer.status(job_id).state is state, f"job {job_id} to be {state}", timeout_s=START_S)


def recorded(broker: TestBroker, folder: Path) -> list[str]:
    database = Database(broker.environment(folder)["BUFFRSIGN_DATABASE_URL"])
    try:
        return [stored.entry.action for stored in Ledger(database, clock=utc_now).entries()]
    finally:
        database.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("decision", "arrives"),
    [(("resend",), 2), (("settle", "--as", "accepted"), 1)],
    ids=["resent", "settled"],
)
def test_an_uncertain_letter_waits_as_a_dead_letter_until_a_person_decides(
    broker: TestBroker, producer: Producer, run: Run, tmp_path: Path, decision: tuple[str, ...], arrives: int
) -> None:
    with (
        ScriptedSmtp(Script(end_of_data=DROP), Script()) as server,
        Processes(tmp_path / "log") as processes,
    ):
        environment = {**broker.environment(tmp_path), "BUFFRSIGN_SMTP_PORT": str(server.port)}
        for queue in ("email", "audit"):
            processes.start(queue, processes_of(queue), env=environment)
        job_id = producer.enqueue(letter()).job_id
        wait_for_state(producer, job_id, State.DEAD)
        assert DeadLetters(broker.client).find(job_id).reason is Reason.UNCERTAIN
        [listed] = json.loads(run("mail", "uncertain", "list", "--json").stdout)

        decided = run("mail", "uncertain", *decision, listed["job_id"], "--why", "the server's log says so")

        assert decided.exit_code == 0, decided.stderr
        wait_for_state(producer, job_id, State.DONE)
        assert json.loads(run("mail", "uncertain", "list", "--json").stdout) == []
        wait_until(lambda: len(recorded(broker, tmp_path)) == 2, "the ledger to say both")
    assert len(server.messages) == arrives
    assert len({message.partition(b"Message-ID:")[2].split(b"\r\n")[0] for message in server.messages}) == 1
    assert recorded(broker, tmp_path) == ["letter.uncertain", "letter.accepted"]
