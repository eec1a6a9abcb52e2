"""With keys set, nobody reads a person's data from the broker, a log line, an event or a page: everything is searched.

Jobs of every family with marked names, addresses, titles and links go along every path and to every state; then every
key of all databases, every command that any client has sent to the server, every line that a program has written, all
that was published, the letters' headers, and Flower's pages are searched for the marks.
"""

import base64
import binascii
import email
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from buffrsign import JobStatus, Producer, State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.core.clock import utc_now
from buffrsign.jobs import Queue, encode
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.requests import OpenRequest, ReminderPolicy, Sender, Signer
from buffrsign.puller import Puller
from buffrsign.storage import take_in
from config.services import Services
from config.settings import load
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.flower import Flower, running_flower
from tests.support.pdfs import plain
from tests.support.private import NEW, PrivateBroker, Waits, cipher_of
from tests.support.programs import ROOT, SCHEDULER, running, wait_for_answer
from tests.support.smtp import Script, ScriptedSmtp
from tests.support.wait import wait_until

ON_STOCK = os.environ.get("BUFFRSIGN_BROKER_TRANSPORT") == "stock"
pytestmark = [pytest.mark.any_transport, pytest.mark.timeout(180)]

PLAIN_MARKS = ("Markusname", "marked.address", "Markedtitle", "markedlink", "Ñangolo")
MARKS = (*PLAIN_MARKS, r"\u00d1angolo", r"\xc3\x91angolo", "=C3=91angolo", "%C3%91angolo")
CIPHER = cipher_of(NEW)
QUEUES = ",".join(Queue)
MARKED = Recipient("marked.address@example.com", name="Markusname Ñangolo")
TITLE, LINK = "Markedtitle of an agreement", "https://sign.example/markedlink"
HOUR = timedelta(hours=1)

CELERY = """
import sys, json
from workers.app import app
from celery import chain
payloads = json.load(sys.stdin)
kind = "email.signature_request"
for payload in payloads["alone"]:
    print(app.send_task(kind, args=[payload], queue="email", ignore_result=False).id)
print(app.send_task(kind, kwargs=payloads["later"], queue="email", countdown=3600).id)
print(app.send_task(kind, args=[payloads["refused"]], queue="email").id)
print(app.send_task("maintenance.canary", args=[payloads["canary"]], queue="maintenance", ignore_result=False).id)
print(app.send_task("test.fails", args=[payloads["alone"][0]], queue="maintenance").id)
print(app.send_task("test.returns", args=[payloads["alone"][0]], queue="maintenance").id)
first, second = (app.signature(kind, args=[payload], queue="email", immutable=True) for payload in payloads["chain"])
print(chain(first, second).apply_async().id)
"""


class Commands:
    """Every command that any client sends to the server, with its arguments, as MONITOR tells them."""

    def __init__(self, client: Redis) -> None:
        self.texts: list[str] = []
        self._connection: Any = client.connection_pool.get_connection()
        self._connection.send_command("MONITOR")
        assert self._connection.read_response() == b"OK"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="commands")

    def __enter__(self) -> "Commands":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        self._connection.disconnect()

    def _listen(self) -> None:
        while not self._over.is_set():
            if self._connection.can_read(timeout=0.2):
                self.texts.append(text_of(self._connection.read_response()))


class Overheard:
    """Everything that anybody publishes on the server: events, commands, answers, results."""

    def __init__(self, client: Redis) -> None:
        self.texts: list[str] = []
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)
        self._pubsub.psubscribe("*")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="overheard")

    def __enter__(self) -> "Overheard":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        self._pubsub.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            if message := self._pubsub.get_message(timeout=0.2):
                self.texts.append(f"{message['channel']!r} {text_of(message['data'])}")


@dataclass(frozen=True)
class Scene:
    broker: PrivateBroker
    folder: Path
    producer: Producer
    mail: ScriptedSmtp
    overheard: Overheard
    commands: Commands
    flower: Flower

    def wait_for(self, job_id: str, *states: State) -> JobStatus:
        def arrived() -> JobStatus | None:
            status = self.producer.status(job_id)
            return status if status and status.state in states else None

        found: JobStatus | None = wait_until(arrived, f"{job_id} to be {states}", timeout_s=60)
        assert found
        return found

    def store(self, document_id: str) -> None:
        """A document whose title and text are marked, as whoever uploads it stores it."""
        settings = self.broker.environment(self.folder)
        services = Services(load({name: value for name, value in settings.items() if name.startswith("BUFFRSIGN_")}))
        data = plain(text="Markusname of marked.address signs the Markedtitle.")
        take_in(data, document_id=document_id, title=TITLE, catalog=services.catalog, blobs=services.blobs)
        services.close()

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.folder.rglob("*.log"))


def letter(number: int) -> SignatureRequestEmail:
    return SignatureRequestEmail(
        recipient=MARKED, document_title=TITLE, signing_url=LINK, sender_name="Markusname", document_id=f"doc_{number}"
    )


def text_of(data: Any) -> str:
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


def readings(text: str) -> Iterator[str]:
    """A text, and what stands in it in base64, and in that again, as bodies do in messages of messages."""
    yield text
    for found in _BASE64.findall(text):
        padded = found.rstrip("=").translate(str.maketrans("-_", "+/"))
        try:
            inner = base64.b64decode(padded + "=" * (-len(padded) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        yield from readings(inner)


def marks_in(text: str) -> list[str]:
    return [mark for reading in readings(text) for mark in MARKS if mark in reading]


def dump(client: Redis) -> Iterator[tuple[str, str]]:
    """Every key of a database with all that it holds."""
    for key in client.scan_iter():
        match client.type(key):
            case b"string":
                held: Any = client.get(key)
            case b"hash":
                held = client.hgetall(key)
            case b"list":
                held = client.lrange(key, 0, -1)
            case b"zset":
                held = client.zrange(key, 0, -1)
            case b"set":
                held = client.smembers(key)
        parts = [part for pair in held.items() for part in pair] if isinstance(held, dict) else held
        for part in [parts] if isinstance(parts, bytes) else parts:
            yield text_of(key), text_of(part)
        yield text_of(key), text_of(key)


def everything_in(broker: TestBroker) -> list[tuple[str, str]]:
    with Redis.from_url(broker.state_url) as state, Redis.from_url(broker.cache_url) as cache:
        return [entry for client in (broker.client, state, cache) for entry in dump(client)]


POOLS = {"prefork": ["--concurrency", "1"], "solo": ["--pool", "solo"]}


@pytest.fixture(params=list(POOLS))
def scene(
    request: pytest.FixtureRequest, live_broker: TestBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("private")
    later = "450 4.2.0 <marked.address@example.com> Markusname is greylisted"
    never = "550 5.7.1 <marked.address@example.com> not for Markusname"  # and none that suppresses the mailbox
    with ScriptedSmtp(Script(rcpt=["250 2.1.5 ok", later, never, "250 2.1.5 ok"])) as mail:
        broker = PrivateBroker.at(
            live_broker,
            NEW,
            BUFFRSIGN_SMTP_PORT=str(mail.port),
            BUFFRSIGN_SIGNING_URL=LINK,
            BUFFRSIGN_LOG_LEVEL="DEBUG",
            BUFFRSIGN_REQUIRE_ENCRYPTED="1",
        )
        commands = {
            "worker": [
                *("celery", "-A", "tests.support.private_app", "worker", "-Q", QUEUES, "-n", "all@%h"),
                *POOLS[request.param],
            ],
            "scheduler": SCHEDULER,
            "beat": ["celery", "-A", "workers.app", "beat"],
        }
        producer = Producer(broker.broker_url, key_secret=KEY_SECRET, cipher=CIPHER)
        with (
            Overheard(broker.client) as overheard,
            Commands(broker.client) as sent,
            running(broker, folder, commands),
        ):
            wait_for_answer(producer, Queue.MAINTENANCE)
            with running_flower(broker, folder, app="workers.app") as flower:
                yield Scene(broker, folder, producer, mail, overheard, sent, flower)
        producer.close()


def test_the_search_finds_what_is_in_clear() -> None:
    body = json.dumps([[encode(letter(1))], {}, {}]).encode()
    inner = json.dumps({"body": base64.b64encode(body).decode()})

    in_ascii = {mark for mark in PLAIN_MARKS if mark.isascii()} | {r"\u00d1angolo"}
    assert set(marks_in(inner)) == in_ascii
    assert set(marks_in(base64.urlsafe_b64encode(inner.encode()).decode().rstrip("="))) == in_ascii
    assert marks_in(text_of(CIPHER.seal(body, job_id="1", kind="a"))) == []


OVER = (State.DONE, State.RETRYING, State.DEAD)
DONE = (State.DONE,)


@dataclass
class Played:
    """The jobs of the scene: what is to become of each, and what the program that published some of them wrote."""

    ends: dict[str, tuple[State, ...]]
    waits: str
    refused: str
    written: str


def play_everything(scene: Scene) -> Played:
    """Enqueue a marked job of every family, by every way there is."""
    ends = {**enqueue_letters(scene), **enqueue_the_other_families(scene)}
    waits = scene.producer.enqueue(Waits(title=TITLE, folder=str(scene.folder)), keep_result=True).job_id
    payloads = {
        "canary": encode(Canary(note=TITLE)),
        "alone": [encode(letter(20)), encode(letter(21))],
        "later": encode(letter(22)),
        "refused": {**encode(letter(23)), "Markusname": "Markedtitle"},
        "chain": [encode(letter(24)), encode(letter(25))],
    }
    called = subprocess.run(
        [sys.executable, "-c", CELERY],
        input=json.dumps(payloads),
        cwd=ROOT,
        env=scene.broker.environment(scene.folder),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    *alone, later, refused, asked, fails, returns, chained = called.stdout.split()
    ends |= dict.fromkeys((*alone, chained), OVER)
    ends |= {asked: DONE, returns: DONE, **dict.fromkeys((refused, fails), (State.DEAD,))}
    if (
        os.environ.get("BUFFRSIGN_BROKER_TRANSPORT") != "stock"
    ):  # there, what waits for its time is in a worker's memory
        ends[later] = (State.SCHEDULED,)
    return Played({**ends, waits: DONE}, waits, refused, called.stderr)


def enqueue_letters(scene: Scene) -> dict[str, tuple[State, ...]]:
    """Of which one is tried again, one is refused for good, and one waits for its time."""
    loose = {"type": "signature_request", "recipient_email": MARKED.email, "recipient_name": MARKED.name}
    handles = [
        *(scene.producer.enqueue(letter(number), keep_result=True) for number in range(5)),
        scene.producer.add_job("email_notifications", {**loose, "document_title": TITLE, "signing_url": LINK}),
    ]
    later = scene.producer.enqueue(letter(10), delay=HOUR)
    return {**dict.fromkeys((handle.job_id for handle in handles), OVER), later.job_id: (State.SCHEDULED,)}


def enqueue_the_other_families(scene: Scene) -> dict[str, tuple[State, ...]]:
    """A request with its letters and reminders, a document with its picture and its check, an entry, and a canary."""
    scene.store("doc_12")
    jobs = [
        OpenRequest(
            document_id="doc_11",
            document_title=TITLE,
            sender=Sender("marked.address@example.org", "Markusname"),
            signers=(Signer("signer-1", MARKED.email, MARKED.name),),
            message="Dear Markusname",
            reminders=ReminderPolicy(first_after=HOUR),
        ),
        InspectDocument(document_id="doc_12"),
        Eta2019Check(document_id="doc_12", requested_by="marked.address"),
        RecordEvent(action="document.viewed", occurred_at=utc_now(), actor="marked.address", details={"title": TITLE}),
        Canary(note="Markusname Ñangolo"),
    ]
    return {scene.producer.enqueue(job, keep_result=True).job_id: DONE for job in jobs}


def found_in(texts: Iterable[str]) -> list[str]:
    """Those texts in which somebody is found."""
    return [text for text in texts if marks_in(text)]


def found_in_the_server(scene: Scene) -> list[tuple[str, list[str]]]:
    """The keys in which somebody is found."""
    return [(key, marks) for key, text in everything_in(scene.broker) if (marks := marks_in(text))]


def pages_of_flower(scene: Scene, played: Played) -> list[str]:
    """What Flower shows, and what its interface answers, of all jobs that it has heard of."""
    wait_until(lambda: scene.flower.state(played.refused) == "FAILURE", "Flower to know the refused job", timeout_s=30)
    known = scene.flower.get("tasks")
    assert len(known) >= len(played.ends) // 2
    pages = [scene.flower.page(page) for page in (*(f"task/{job_id}" for job_id in known), "tasks", "workers")]
    return [*pages, json.dumps(known), json.dumps(scene.flower.get("workers?refresh=true"))]


def test_no_person_s_data_is_found_anywhere_after_every_path(scene: Scene) -> None:
    played = play_everything(scene)

    wait_until((scene.folder / "reported").exists, "progress to be reported", timeout_s=60)
    assert scene.wait_for(played.waits, State.RUNNING).progress
    assert found_in_the_server(scene) == []  # while one runs, and others wait behind it
    (scene.folder / "go").touch()
    for job_id, states in played.ends.items():
        scene.wait_for(job_id, *states)
    shown = pages_of_flower(scene, played)
    with Puller(scene.broker.broker_url, cipher=CIPHER) as puller:
        pulled = [] if ON_STOCK else [puller_s_own(scene, puller)]  # whose pop may be under way when its consumer goes
        assert found_in_the_server(scene) == []

    assert all(scene.wait_for(job_id, State.RETRYING) for job_id in pulled)
    assert {letter.reason for letter in DeadLetters(scene.broker.client).newest()} >= {Reason.REFUSED, Reason.PERMANENT}
    assert any("markedlink" in text for message in scene.mail.messages for text in readings(text_of(message)))
    message_ids = [email.message_from_bytes(message)["Message-ID"] for message in scene.mail.messages]
    assert [each for each in message_ids if not each or marks_in(each)] == []
    assert len(scene.commands.texts) > 500
    assert len(scene.overheard.texts) > 20
    assert found_in(scene.commands.texts) == []
    assert found_in(scene.overheard.texts) == []
    assert found_in(shown) == []
    assert found_in((scene.logs() + played.written).splitlines()) == []


def puller_s_own(scene: Scene, puller: Puller) -> str:
    """A job that a puller has taken and put back for later; the worker is told to leave its queue first."""
    check = Eta2019Check(document_id="doc_30", requested_by="marked.address", stage=Stage.ON_DEMAND)
    scene.flower.post("worker/queue/cancel-consumer/all@" + socket.gethostname(), queue=Queue.COMPLIANCE)
    scene.producer.enqueue(check)
    claim = puller.claim(Queue.COMPLIANCE)
    assert claim
    assert claim.job == check
    puller.fail(claim, "somebody must look", retry_in=HOUR)
    return claim.job_id
