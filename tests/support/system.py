"""A whole small system: live workers, a scheduler, a mail server, and services on the same settings as theirs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from buffrsign import JobStatus, Producer
from buffrsign.broker.dead_letters import DeadLetters
from buffrsign.broker.records import scan_statuses
from buffrsign.jobs import Queue
from buffrsign.storage import Document, DocumentState
from config.services import Services
from config.settings import load
from tests.support.broker import TestBroker
from tests.support.programs import SCHEDULER, wait_for_answer
from tests.support.wait import wait_until
from workers.processes import Processes
from workers.smtp_catcher import SmtpCatcher


@dataclass(frozen=True)
class System:
    """What a test does with it: enqueue, look, wait."""

    services: Services
    mail: SmtpCatcher

    @property
    def producer(self) -> Producer:
        """Enqueues jobs on the system's broker."""
        return self.services.producer

    @property
    def dead_letters(self) -> DeadLetters:
        """The dead letters of the system's broker."""
        return DeadLetters(self.services.broker)

    def letters_to(self, address: str) -> list[EmailMessage]:
        """The letters that this person got."""
        return [letter for letter in self.mail.messages() if letter["X-RcptTo"] == address]

    def actions(self, document_id: str) -> list[str]:
        """What the ledger says happened to a document, by when it happened: two at once may be written in any order."""
        entries = [stored.entry for stored in self.services.ledger.entries(document_id=document_id)]
        return [entry.action for entry in sorted(entries, key=lambda entry: entry.occurred_at)]

    def wait_for_end(self, job_id: str) -> JobStatus:
        """The job's record once nothing more will happen to it."""
        wait_until(lambda: self._ended(job_id), f"the end of {job_id}")
        status = self.producer.status(job_id)
        assert status
        return status

    def wait_for_document(self, document_id: str) -> Document:
        """The document once it is ready or held, and every job about it has ended."""
        catalog = self.services.catalog
        decided = {DocumentState.READY, DocumentState.HELD}
        wait_until(lambda: catalog.document(document_id).state in decided, f"{document_id} to be ready or held")
        self.wait_for_quiet()
        return catalog.document(document_id)

    def wait_for_quiet(self) -> None:
        """Return once no job is ready or running; scheduled ones may wait on.

        A look takes a while: who ended during it may have enqueued what it did not see. So two looks must agree.
        """
        wait_until(lambda: (first := self._quiet_jobs()) is not None and first == self._quiet_jobs(), "all jobs to end")

    def _quiet_jobs(self) -> set[str] | None:
        """The ids of all jobs; None while one of them is ready or running."""
        statuses = scan_statuses(self.services.broker)
        is_busy = any(status.state.value in {"ready", "running"} for status in statuses)
        return None if is_busy else {status.job_id for status in statuses}

    def _ended(self, job_id: str) -> bool:
        status = self.producer.status(job_id)
        return status is not None and status.state.is_final


@contextmanager
def running_system(broker: TestBroker, folder: Path) -> Iterator[System]:
    """Start it with one worker for every queue; its data and logs are in the folder."""
    with SmtpCatcher(folder / "emails") as mail, Processes(folder / "log") as processes:
        env = {**broker.environment(folder), "BUFFRSIGN_SMTP_PORT": str(mail.address[1])}
        command = [
            "celery",
            "-A",
            "workers.app",
            "worker",
            "--concurrency",
            "2",
            "--without-mingle",
            "--without-gossip",
        ]
        processes.start("worker", command, env=env)
        processes.start("scheduler", SCHEDULER, env=env)
        settings = load({name: value for name, value in env.items() if name.startswith("BUFFRSIGN_")})
        services = Services(settings)
        for queue in Queue:
            wait_for_answer(services.producer, queue)
        yield System(services, mail)
        services.close()
