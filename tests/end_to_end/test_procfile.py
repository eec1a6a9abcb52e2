"""The whole system as it is deployed: every program of the Procfile, started by its own command."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from buffrsign.broker.dead_letters import DeadLetters
from buffrsign.core.clock import utc_now
from buffrsign.jobs import Queue
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.requests import Event, OpenRequest, ReminderPolicy, Sender, Signer, SignerEvent
from buffrsign.ledger import StoredEntry, Verified
from buffrsign.storage import Document, DocumentState, Step, take_in
from tests.support import pdfs
from tests.support.broker import TestBroker
from tests.support.requests import AT_ANY_HOUR
from tests.support.wait import wait_until
from workers.processes import ROOT, read_procfile
from workers.sample_agreement import make_sample_agreement
from workers.stack import Stack, running_stack

ANNA = Signer("anna", "anna@example.com", "Anna")
BEN = Signer("ben", "ben@example.com", "Ben")
SENDER = Sender("office@example.com", "Okavango Legal")


@pytest.fixture(scope="module")
def stack(live_broker: TestBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    environment = {**live_broker.environment(folder), "FLOWER_UNAUTHENTICATED_API": "true"}
    with running_stack(folder, env=environment, say=print) as stack:
        yield stack
        stack.processes.check()
        stack.services.database.close()


def letters(stack: Stack) -> list[EmailMessage]:
    """Every letter that has arrived, the oldest first."""
    parse = BytesParser(policy=policy.default).parsebytes
    return [parse(path.read_bytes()) for path in sorted(stack.mail_folder.glob("*.eml"))]


def recipients(stack: Stack, title: str, *, subject: str = "") -> list[str]:
    """Who got letters about the document of this title, sorted."""
    about = [letter for letter in letters(stack) if title in letter["Subject"] and subject in letter["Subject"]]
    return sorted(letter["To"].addresses[0].addr_spec for letter in about)


def entries(stack: Stack, document_id: str, action: str = "") -> list[StoredEntry]:
    """What the ledger holds of a document."""
    found = stack.services.ledger.entries(document_id=document_id)
    return [stored for stored in found if not action or stored.entry.action == action]


def upload(stack: Stack, document_id: str, data: bytes) -> str:
    """Store a document and ask for its inspection; its digest."""
    services = stack.services
    version = take_in(data, document_id=document_id, title=document_id, catalog=services.catalog, blobs=services.blobs)
    stack.producer.enqueue(InspectDocument(document_id=document_id, sha256=version.sha256))
    return version.sha256


def concluded(stack: Stack, document_id: str) -> Document:
    """The document once it is ready or held."""
    final = {DocumentState.READY, DocumentState.HELD}
    find: Callable[[], Document] = lambda: stack.services.catalog.document(document_id)  # noqa: E731
    wait_until(lambda: find().state in final, f"{document_id} to be ready or held", timeout_s=40)
    return find()


def sign(stack: Stack, document_id: str, signer: Signer) -> None:
    event = SignerEvent(
        event_id=f"{document_id}-{signer.recipient_id}",
        document_id=document_id,
        event=Event.SIGNED,
        occurred_at=utc_now(),
        recipient_id=signer.recipient_id,
    )
    stack.producer.enqueue(event, keep_result=True).result(timeout=30)


def answers(stack: Stack) -> list[str]:
    """Ask every queue, and return those that answered."""
    handles = {queue: stack.producer.enqueue(Canary(ask=queue), keep_result=True) for queue in Queue}
    return [queue for queue, handle in handles.items() if handle.result(timeout=30)["queue"] == queue]


def flower(stack: Stack, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{stack.flower_url}/api/{path}", timeout=10) as response:  # noqa: S310 - loopback
        answer: dict[str, Any] = json.load(response)
        return answer


def test_every_queue_answers(stack: Stack) -> None:
    assert answers(stack) == list(Queue)


def test_the_ten_lines_of_the_readme_run(stack: Stack) -> None:
    environment = {**os.environ, "REDIS_URL": stack.services.settings.broker_url}
    command = [sys.executable, "examples/enqueue.py"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=40)

    assert done.stderr == ""
    answer, cancelled = done.stdout.splitlines()
    assert "'note': 'hello'" in answer
    assert cancelled == "True"


def test_the_example_of_the_outbox_runs(stack: Stack, tmp_path: Path) -> None:
    environment = {**os.environ, "REDIS_URL": stack.services.settings.broker_url}
    command = [sys.executable, str(ROOT / "examples" / "outbox.py")]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
    )

    assert done.stderr == ""
    relayed, answer = done.stdout.splitlines()
    assert "created=1" in relayed
    assert "'outcome': 'answered'" in answer


def test_every_program_of_the_procfile_runs(stack: Stack) -> None:
    logs = {path.stem for path in (stack.mail_folder.parent / "log").glob("*.log")}

    assert logs == {*read_procfile(), "smtp_catcher"}
    stack.processes.check()


def test_one_request_yields_the_letters_the_reminder_and_the_news_of_completion(stack: Stack) -> None:
    stack.producer.enqueue(
        OpenRequest(
            document_id="lease",
            document_title="Lease of the corner shop",
            sender=SENDER,
            signers=(ANNA, BEN),
            reminders=ReminderPolicy(first_after=timedelta(seconds=2), every=timedelta(days=2), **AT_ANY_HOUR),
        )
    )
    wait_until(lambda: len(recipients(stack, "corner shop")) == 2, "two letters")
    assert recipients(stack, "corner shop") == ["anna@example.com", "ben@example.com"]

    wait_until(lambda: len(stack.services.requests.planned("lease")) == 2, "both reminders to be planned")
    sign(stack, "lease", ANNA)
    wait_until(lambda: entries(stack, "lease", "letter.dropped"), "the first signer's reminder to be dropped")
    wait_until(lambda: len(recipients(stack, "corner shop")) == 3, "the reminder")
    assert recipients(stack, "corner shop") == ["anna@example.com", "ben@example.com", "ben@example.com"]

    sign(stack, "lease", BEN)
    wait_until(lambda: len(recipients(stack, "corner shop")) == 6, "three letters of completion")
    everybody = ["anna@example.com", "ben@example.com", "office@example.com"]
    assert recipients(stack, "corner shop") == sorted(
        [*everybody, "anna@example.com", "ben@example.com", "ben@example.com"]
    )
    wait_until(lambda: len(entries(stack, "lease", "letter.accepted")) == 6, "an entry for every letter")
    assert len(entries(stack, "lease", "letter.dropped")) == 1
    assert len(entries(stack, "lease", "request.completed")) == 1


def test_a_real_document_goes_all_the_way_and_every_step_is_in_the_ledger(stack: Stack) -> None:
    sha256 = upload(stack, "agreement", make_sample_agreement())

    document = concluded(stack, "agreement")

    rendered = ["document.thumbnails_rendered", "document.previews_rendered"]
    steps = ["document.inspected", *rendered, "document.fields_detected", "document.analysed", "compliance.checked"]
    wait_until(lambda: len(entries(stack, "agreement")) == len(steps), "the entries of every step")
    results = stack.services.catalog.results("agreement", sha256)
    thumbnail = stack.services.blobs.get(results[Step.THUMBNAILS]["thumbnail"])
    status = stack.services.document_statuses.find("agreement")
    assert document.state is DocumentState.READY
    assert sorted(stored.entry.action for stored in entries(stack, "agreement")) == sorted(steps)
    assert results[Step.INSPECT]["pages"] == 2
    assert list(stack.services.catalog.pages("agreement", sha256)) == [1, 2]
    assert thumbnail.startswith(b"\x89PNG")
    assert status
    assert (status.state, status.progress) == ("ready", 100)
    assert isinstance(stack.services.ledger.verify(), Verified)


@pytest.mark.parametrize(
    ("document_id", "data", "reason"),
    [
        ("locked", pdfs.aes256_with_user_password(), "encrypted"),
        ("nothing", pdfs.EMPTY, "empty"),
        ("picture", pdfs.NOT_A_PDF, "not_a_pdf"),
    ],
)
def test_a_file_that_cannot_be_read_is_held_with_its_reason_and_disturbs_nothing_else(
    stack: Stack, document_id: str, data: bytes, reason: str
) -> None:
    upload(stack, document_id, data)

    document = concluded(stack, document_id)

    assert (document.state, document.state_reason) == (DocumentState.HELD, reason)
    [inspected] = wait_until(lambda: entries(stack, document_id), "the entry")
    assert (inspected.entry.action, inspected.entry.details["reason"]) == ("document.inspected", reason)
    status = stack.services.document_statuses.find(document_id)
    assert status
    assert (status.state, status.reason) == ("held", reason)
    assert answers(stack) == list(Queue)
    assert DeadLetters(stack.services.broker).count() == 0


def test_a_text_file_is_held_as_no_pdf(stack: Stack) -> None:
    upload(stack, "letter", b"Dear Anna,\nplease find attached nothing at all.\n")

    assert concluded(stack, "letter").state_reason == "not_a_pdf"


def test_flower_shows_the_workers_of_each_family_and_the_kinds_by_name(stack: Stack) -> None:
    def served() -> set[str]:
        workers = flower(stack, "workers?refresh=true").values()
        return {shown["name"] for worker in workers for shown in worker["active_queues"]}

    wait_until(lambda: served() == set(Queue), "Flower to see a worker of each queue")
    wait_until(lambda: flower(stack, "tasks"), "Flower to see a task")
    workers, tasks = flower(stack, "workers"), flower(stack, "tasks")

    for name, worker in workers.items():
        queue = name.partition("@")[0].partition("-")[0]
        assert [shown["name"] for shown in worker["active_queues"]] == [queue]
        assert any(name.startswith(f"{queue}.") for name in worker["registered"])
    assert {task["name"] for task in tasks.values()} >= {"maintenance.canary"}


def test_flower_shows_no_payload(stack: Stack) -> None:
    sent = stack.producer.enqueue(Canary(note="a note that is nobody's business"), keep_result=True)
    sent.result(timeout=30)

    wait_until(lambda: sent.job_id in flower(stack, "tasks"), "Flower to know the job")
    shown = flower(stack, "tasks")[sent.job_id]
    assert "nobody's business" not in json.dumps([shown["args"], shown["kwargs"]])
