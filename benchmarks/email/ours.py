"""The e-mail family as it is deployed, two processes of it: it renders, claims, hands over and records.

Before the measurement its workers have sent some letters, the queue is paused, and all jobs are in it. After it, every
job has its record `done`, every delivery is `accepted`, and everybody got one letter.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import func, select

from benchmarks.email.letters import FROM, letter_of, request
from benchmarks.email.stage import Rate, Stage, Void, cpu_s, require_each_once, stage
from buffrsign.broker.pausing import pause, resume
from buffrsign.broker.records import State
from buffrsign.jobs import Queue
from buffrsign.jobs.email import Letter
from buffrsign.jobs.requests import OpenRequest
from buffrsign.mail.states import State as DeliveryState
from buffrsign.mail.tables import mail_deliveries
from config.services import Services
from config.settings import load
from workers.embedded_broker import EmbeddedBroker
from workers.processes import Program

PROCESSES = 2
CONNECTIONS = 4
WARM_UP_LETTERS = 60
LONGEST_S = 170.0
_AT_ONCE = 1000


@dataclass(frozen=True)
class Office:
    """A running e-mail family, and services on the same settings."""

    on: Stage
    services: Services
    workers: Program

    def done(self, ids: Sequence[str]) -> int:
        """How many of these jobs have their record `done`."""
        chunks = (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
        statuses = (status for chunk in chunks for status in self.services.producer.statuses(chunk))
        return sum(status is not None and status.state is State.DONE for status in statuses)

    def wait_for(self, ids: Sequence[str], what: str, *, timeout_s: float) -> None:
        """Until all of these have their record `done`."""
        self.on.wait(lambda: self.done(ids) == len(ids), what, timeout_s=timeout_s)

    def deliveries(self) -> dict[str, int]:
        """How many letters stand in which state, those of the warm-up left out."""
        is_counted = mail_deliveries.c.mailbox.like("signer-%")
        state = mail_deliveries.c.state
        states = select(state, func.count().label("letters")).where(is_counted).group_by(state)
        with self.services.database.read() as connection:
            return {row.state: row.letters for row in connection.execute(states)}


def measure(letters: int) -> Rate:
    """Letters that ask somebody to sign: each is the first of a request that is open, and plans its reminder.

    Raises:
        Void: a job, a delivery or a letter is not as it should be.
    """
    with office() as ours:
        jobs: list[Letter] = [letter_of(each) for each in opened(ours, letters)]
        pause(ours.services.broker, [Queue.EMAIL])
        ids = ours.services.producer.enqueue_many(jobs).job_ids
        before_s = cpu_s(ours.workers)
        resume(ours.services.broker, [Queue.EMAIL])
        ours.on.wait(lambda: ours.on.counted().accepted >= letters, "all letters", timeout_s=LONGEST_S)
        require_all_done(ours, ids)
        used_s = cpu_s(ours.workers) - before_s
        counted = ours.on.counted()
    return Rate(letters, counted.last_at - counted.first_at, used_s)


@contextmanager
def office(*, scheduler: bool = False) -> Iterator[Office]:
    """Start it, and let its workers send some letters."""
    with stage() as on:
        server = EmbeddedBroker(on.processes, folder=on.folder / "broker", env=on.environment())
        server.start()
        env = {
            **on.environment(),
            **server.addresses(),
            "BUFFRSIGN_LOG_LEVEL": "WARNING",
            "BUFFRSIGN_DATABASE_URL": f"sqlite:///{on.folder}/buffrsign.db",
            "BUFFRSIGN_MAIL_FROM": FROM,
            "BUFFRSIGN_SMTP_PORT": str(on.port),
            "BUFFRSIGN_SMTP_CONNECTIONS": str(CONNECTIONS),
        }
        services = Services(load(env))
        try:
            services.database  # noqa: B018 - made and migrated before the workers ask for it
            if scheduler:
                on.processes.start("scheduler", ["python", "-m", "workers.scheduler"], env=env)
            command = ["python", "-m", "workers.processes_of", "email", "-c", str(PROCESSES)]
            ours = Office(on, services, on.processes.start("email", command, env=env))
            _warm_up(ours)
            yield ours
        finally:
            services.close()


def opened(ours: Office, count: int, *, is_warm_up: bool = False) -> list[OpenRequest]:
    """So many requests, which are open now."""
    requests = [request(is_warm_up=is_warm_up) for _ in range(count)]
    for each in requests:
        ours.services.requests.open(each)
    return requests


def require_all_done(ours: Office, ids: Sequence[str]) -> None:
    """Wait for the records of the last letters, and make sure of everything.

    Raises:
        Void: a job, a delivery or a letter is not as it should be.
    """
    ours.wait_for(ids, "all records", timeout_s=10)
    require_each_once(ours.on.counted(), len(ids))
    if (found := ours.deliveries()) != {DeliveryState.ACCEPTED: len(ids)}:
        raise Void(f"the deliveries of {len(ids)} letters are {found}")


def _warm_up(ours: Office) -> None:
    """Twice: a worker that starts late takes part in the second."""
    for _ in range(2):
        some = [letter_of(each) for each in opened(ours, WARM_UP_LETTERS, is_warm_up=True)]
        ids = ours.services.producer.enqueue_many(some).job_ids
        ours.wait_for(ids, "the first letters", timeout_s=60)
