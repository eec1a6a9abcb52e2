"""With keys set, nobody reads a person's data from the broker, a log line, an event or a page: everything is searched.

Jobs with marked names, addresses, titles and links go along every path; then every key of all databases, every line
that a program has written, all that was published, and Flower's pages are searched for the marks.
"""

import base64
import binascii
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from buffrsign import JobStatus, Producer, State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.jobs import Queue, encode
from buffrsign.jobs.compliance import Eta2019Check, Stage
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import OpenRequest, ReminderPolicy, Sender, Signer
from buffrsign.puller import Puller
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.flower import Flower, running_flower
from tests.support.private import NEW, PrivateBroker, cipher_of
from tests.support.programs import ROOT, SCHEDULER, running, wait_for_answer
from tests.support.smtp import Script, ScriptedSmtp
from tests.support.wait import wait_until

pytestmark = [pytest.mark.any_transport, pytest.mark.timeout(180)]

MARKS = ("Markusname", "marked.address", "Markedtitle", "markedlink")
CIPHER = cipher_of(NEW)
QUEUES = "email,requests,audit,maintenance"
MARKED = Recipient("marked.address@example.com", name="Markusname Nangolo")
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
first, second = (app.signature(kind, args=[payload], queue="email", immutable=True) for payload in payloads["chain"])
print(chain(first, second).apply_async().id)
"""


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
    flower: Flower

    def wait_for(self, job_id: str, *states: State) -> JobStatus:
        def arrived() -> JobStatus | None:
            status = self.producer.status(job_id)
            return status if status and status.state in states else None

        found: JobStatus | None = wait_until(arrived, f"{job_id} to be {states}", timeout_s=60)
        assert found
        return found

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


@pytest.fixture(scope="module")
def scene(live_broker: TestBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("private")
    later = Script(rcpt="450 4.2.0 greylisted")
    never = Script(rcpt="550 5.1.1 no such user")
    with ScriptedSmtp(Script(), later, never, Script()) as mail:
        broker = PrivateBroker.at(
            live_broker,
            NEW,
            BUFFRSIGN_SMTP_PORT=str(mail.port),
            BUFFRSIGN_SIGNING_URL=LINK,
            BUFFRSIGN_LOG_LEVEL="DEBUG",
            BUFFRSIGN_REQUIRE_ENCRYPTED="1",
        )
        commands = {
            "worker": ["celery", "-A", "workers.app", "worker", "-Q", QUEUES, "-n", "all@%h", "--concurrency", "1"],
            "scheduler": SCHEDULER,
            "beat": ["celery", "-A", "workers.app", "beat"],
        }
        producer = Producer(broker.broker_url, key_secret=KEY_SECRET, cipher=CIPHER)
        with Overheard(broker.client) as overheard, running(broker, folder, commands):
            wait_for_answer(producer, Queue.MAINTENANCE)
            with running_flower(broker, folder, app="workers.app") as flower:
                yield Scene(broker, folder, producer, mail, overheard, flower)
        producer.close()


def test_the_search_finds_what_is_in_clear() -> None:
    body = json.dumps([[encode(letter(1))], {}, {}]).encode()
    inner = json.dumps({"body": base64.b64encode(body).decode()})

    assert set(marks_in(inner)) == set(MARKS)
    assert set(marks_in(base64.urlsafe_b64encode(inner.encode()).decode().rstrip("="))) == set(MARKS)
    assert marks_in(text_of(CIPHER.seal(body, job_id="1", kind="a"))) == []


def test_no_person_s_data_is_found_anywhere_after_every_path(scene: Scene) -> None:
    ended: list[tuple[str, tuple[State, ...]]] = []
    over = (State.DONE, State.RETRYING, State.DEAD)
    for number in range(5):  # of which one is tried again, and one is refused for good
        handle = scene.producer.enqueue(letter(number), keep_result=True)
        ended.append((handle.job_id, over))
    loose = {"type": "signature_request", "recipient_email": MARKED.email, "recipient_name": MARKED.name}
    old = scene.producer.add_job("email_notifications", {**loose, "document_title": TITLE, "signing_url": LINK})
    ended.append((old.job_id, over))
    later = scene.producer.enqueue(letter(10), delay=HOUR)
    reminders = ReminderPolicy(first_after=HOUR)
    signer = Signer("signer-1", MARKED.email, MARKED.name)
    opened = scene.producer.enqueue(
        OpenRequest(
            document_id="doc_11",
            document_title=TITLE,
            sender=Sender("marked.address@example.org", "Markusname"),
            signers=(signer,),
            message="Dear Markusname",
            reminders=reminders,
        )
    )
    ended.append((opened.job_id, (State.DONE,)))
    payloads = {
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
    *alone, waiting, refused, chained = called.stdout.split()
    ended += [(job_id, over) for job_id in (*alone, chained)]

    for job_id, states in ended:
        scene.wait_for(job_id, *states)
    scene.wait_for(refused, State.DEAD)
    wait_until(lambda: scene.flower.state(refused) == "FAILURE", "Flower to know the refused job", timeout_s=30)
    with Puller(scene.broker.broker_url, cipher=CIPHER) as puller:
        pulled = puller_s_own(scene, puller)
        pages = [f"task/{job_id}" for job_id in (*alone, refused, opened.job_id)] + ["tasks", "workers", "broker"]
        shown = [scene.flower.page(page) for page in pages]
        shown += [json.dumps(scene.flower.get("tasks")), json.dumps(scene.flower.get("workers?refresh=true"))]
        held = everything_in(scene.broker)
    assert {scene.producer.status(job_id).state for job_id in (later.job_id, waiting)} == {State.SCHEDULED}
    assert {letter.reason for letter in DeadLetters(scene.broker.client).newest()} >= {Reason.REFUSED}
    assert pulled in {key.rpartition(":")[2] for key, _held in held}
    assert any("markedlink" in text for message in scene.mail.messages for text in readings(text_of(message)))
    assert len(scene.overheard.texts) > 20

    assert [(key, marks) for key, text in held if (marks := marks_in(text))] == []
    assert [text for text in scene.overheard.texts if marks_in(text)] == []
    assert [text for text in shown if marks_in(text)] == []
    assert [line for line in (scene.logs() + called.stderr).splitlines() if marks_in(line)] == []


def puller_s_own(scene: Scene, puller: Puller) -> str:
    """A job that a puller has taken and put back for later; the queue is one that no worker here serves."""
    check = Eta2019Check(document_id="doc_30", requested_by="marked.address", stage=Stage.ON_DEMAND)
    scene.producer.enqueue(check)
    claim = puller.claim(Queue.COMPLIANCE)
    assert claim
    assert claim.job == check
    puller.fail(claim, "somebody must look", retry_in=HOUR)
    return claim.job_id
