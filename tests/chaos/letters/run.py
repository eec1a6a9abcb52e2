"""One run: letters, their copies, kills, and then what a person does about each doubt."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from os import kill
from pathlib import Path
from queue import Empty
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from buffrsign import Producer
from buffrsign.broker import keys
from buffrsign.core.clock import utc_now
from buffrsign.core.sql import Database
from buffrsign.crypto import Cipher
from buffrsign.jobs import Queue
from buffrsign.jobs.requests import OpenRequest, Sender, Signer
from buffrsign.ledger import Ledger, StoredEntry, Verified
from buffrsign.mail.rows import Delivery, delivery_in
from buffrsign.mail.tables import mail_deliveries
from tests.chaos.fleet import KEY_SECRET, Fleet, Server, children_of, environment
from tests.chaos.letters.mail_server import Inboxes, serving
from tests.support.wait import wait_until
from workers.processes import ROOT, Processes, free_port

SENDER = "nangula@sender.example"
LEASE_S = 5.0
PUT_OFF_TIMES = 2
SLOWEST_ANSWER_S = 0.6
LATEST_S = 300.0
_FAMILIES = {"email": 2, "audit": 1, "requests": 1}


@dataclass(frozen=True)
class Plan:
    """What is asked of a run. `copies`: how often each message is delivered again, beside its first time."""

    folder: Path
    recipients: int
    copies: int
    kills: int
    seed: int


@dataclass
class Seen:
    """What is known at the end: by the mail server, by the record, and by the ledger."""

    plan: Plan
    taken: dict[str, list[str]]
    deliveries: list[Delivery]
    entries: list[StoredEntry]
    is_ledger_whole: bool
    unfinished: int
    kills: int = 0
    resolved: dict[str, str] = field(default_factory=dict)


def address_of(number: int) -> str:
    """The n-th person's address, from 1."""
    return f"person-{number:02}@people.example"


def request(plan: Plan) -> OpenRequest:
    """What asks all of them, at once, to sign one document."""
    return OpenRequest(
        document_id="doc_lease",
        document_title="Lease of 7 Independence Avenue",
        sender=Sender(SENDER, name="Nangula"),
        signers=tuple(
            Signer(recipient_id=f"person-{number:02}", email=address_of(number))
            for number in range(1, plan.recipients + 1)
        ),
    )


def run(plan: Plan, console: Console) -> Seen:
    """Carry it out. Everything that was started has ended when it returns."""
    dice = random.Random(plan.seed)  # noqa: S311 - dice
    inboxes = Inboxes(
        refused=address_of(plan.recipients // 3 + 1),
        put_off=address_of(2 * plan.recipients // 3 + 1),
        put_off_times=PUT_OFF_TIMES,
        dice=dice,
        slowest_s=SLOWEST_ANSWER_S,
    )
    mail_server = serving(inboxes, free_port())
    mail_server.start()
    try:
        with Processes(plan.folder / "log") as processes:
            server = Server(processes, plan.folder / "broker")
            server.start()
            urls = [f"redis://127.0.0.1:{server.port}/{number}" for number in range(3)]
            programs = environment(plan.folder, urls=urls, lease_s=LEASE_S, stock=False)
            programs |= {"BUFFRSIGN_SMTP_HOST": "127.0.0.1", "BUFFRSIGN_SMTP_PORT": str(mail_server.port)}
            cipher = Cipher.read(programs["BUFFRSIGN_PAYLOAD_KEYS"])
            with closing(Producer(urls[0], key_secret=KEY_SECRET, cipher=cipher)) as producer:
                return _Run(plan, server, producer, inboxes, programs, console).carry_out(processes)
    finally:
        mail_server.stop()


@dataclass
class _Run:
    plan: Plan
    server: Server
    producer: Producer
    inboxes: Inboxes
    environment: dict[str, str]
    console: Console
    kills: int = 0
    resolved: dict[str, str] = field(default_factory=dict)

    def carry_out(self, processes: Processes) -> Seen:
        fleet = Fleet(processes, self.environment)
        try:
            self.producer.enqueue(request(self.plan))
            fleet.add("scheduler", [sys.executable, "-m", "workers.scheduler"])
            self._add(fleet, "requests")
            wait_until(lambda: len(self._messages()) == self.plan.recipients, "the letters", timeout_s=60)
            job_ids = self._copy()
            self._add(fleet, "audit")
            self._add(fleet, "email")
            calm = threading.Event()
            killer = threading.Thread(target=self._kill_at_random, args=(fleet, calm), name="killer")
            killer.start()
            try:
                self._wait(job_ids, "letters, with workers killed", until=lambda: self.kills >= self.plan.kills)
            finally:
                calm.set()
                killer.join()
            self._resolve_doubts()
            unfinished = self._wait(job_ids, "letters, doubts resolved", until=self._is_quiet)
        finally:
            fleet.end()
        return self._look(unfinished)

    def _add(self, fleet: Fleet, family: str) -> None:
        count = str(_FAMILIES[family])
        fleet.add(family, [sys.executable, "-m", "workers.processes_of", family, "-c", count])

    def _messages(self) -> list[tuple[str, bytes]]:
        """What is ready in the family's lists, each with its list."""
        client: Any = self.server.client
        lists = keys.ready_lists(Queue.EMAIL)
        return [(ready, message) for ready in lists for message in client.lrange(ready, 0, -1)]

    def _copy(self) -> list[str]:
        """Deliver each message so often again: it is put into its list once more. The ids of their jobs."""
        waiting = self._messages()
        for ready, message in waiting * self.plan.copies:
            self.server.client.lpush(ready, message)
        return [json.loads(message)["headers"]["id"] for _ready, message in waiting]

    def _kill_at_random(self, fleet: Fleet, calm: threading.Event) -> None:
        """While a letter is between its last byte and the answer; or, now and then, at any other time."""
        dice = random.Random(self.plan.seed + 1)  # noqa: S311 - dice
        while self.kills < self.plan.kills and not calm.is_set():
            with suppress(Empty):
                self.inboxes.at_hand.get(timeout=dice.uniform(0.5, 3.0))
            time.sleep(dice.uniform(0, 0.8))
            victims = children_of(fleet.members["email"].pid)
            if victims:
                with suppress(ProcessLookupError):
                    kill(dice.choice(victims), signal.SIGKILL)
                    self.kills += 1
            while not self.inboxes.at_hand.empty():
                self.inboxes.at_hand.get()

    def _wait(self, job_ids: list[str], what: str, *, until: Callable[[], bool]) -> int:
        """Until all jobs have ended, and that is true; how many have not when it took too long."""
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        deadline = time.monotonic() + LATEST_S
        with Progress(*columns, console=self.console, transient=True) as bar:
            shown = bar.add_task(what, total=len(job_ids))
            while True:
                ended = sum(self._has_ended(job_id) for job_id in job_ids)
                bar.update(shown, completed=ended)
                if (ended == len(job_ids) and until()) or time.monotonic() > deadline:
                    return len(job_ids) - ended
                time.sleep(0.2)

    def _has_ended(self, job_id: str) -> bool:
        status = self.producer.status(job_id)
        return status is not None and status.state.is_final

    def _is_quiet(self) -> bool:
        """Whether no queue of the run has anything to do, copies and audit entries included."""
        client = self.server.client
        lists = [ready for family in _FAMILIES for ready in keys.ready_lists(family)]
        holders: Any = client.zrange(keys.HOLDERS, 0, -1)
        held = [client.hlen(keys.holder(holder.decode())) for holder in holders]
        return not any(client.llen(ready) for ready in lists) and not any(held)

    def _resolve_doubts(self) -> None:
        """As a person would: whoever finds the Message-ID in the mail server's log settles, else sends once more."""
        taken = self.inboxes.message_ids()
        for letter in self._buffrsign("mail", "uncertain", "list", "--json"):
            job_id = letter["job_id"]
            if letter["message_id"] in taken:
                self._buffrsign("mail", "uncertain", "settle", job_id, "--as", "accepted", "--why", "it is in the log")
                self.resolved[job_id] = "settled"
            else:
                self._buffrsign("mail", "uncertain", "resend", job_id, "--why", "it is not in the log")
                self.resolved[job_id] = "resent"

    def _buffrsign(self, *arguments: str) -> list[dict[str, str]]:
        command = [sys.executable, "-m", "buffrsign.cli", *arguments]
        ended = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True, timeout=60
        )
        answer: list[dict[str, str]] = json.loads(ended.stdout) if "--json" in arguments else []
        return answer

    def _look(self, unfinished: int) -> Seen:
        database = Database(self.environment["BUFFRSIGN_DATABASE_URL"])
        with database.read() as connection:
            deliveries = [delivery_in(row) for row in connection.execute(mail_deliveries.select())]
        ledger = Ledger(database, clock=utc_now)
        entries = ledger.entries(at_most=10_000)
        return Seen(
            self.plan,
            {address: list(letters) for address, letters in self.inboxes.taken.items()},
            deliveries,
            entries,
            isinstance(ledger.verify(), Verified),
            unfinished,
            self.kills,
            self.resolved,
        )
