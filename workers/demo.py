"""`make demo`: one real PDF through every queue, watched live, with everything it made left in `var/demo`.

The story: the document is stored, inspected, pictured and checked; two people are asked to sign it; the first signs;
five seconds later both reminders come due, and only the second person's is sent.
"""

import argparse
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from buffrsign.broker.records import JobStatus, State
from buffrsign.core.errors import BuffrSignError
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.maintenance import CacheCleanup, Canary, ExpiredDocuments
from buffrsign.jobs.requests import Event, OpenRequest, ReminderPolicy, Sender, Signer, SignerEvent
from buffrsign.ledger import Broken, Verified
from buffrsign.storage import DocumentState, Step, take_in
from config.settings import SettingsRefused
from workers.demo_report import jobs_of_the_story, print_findings, print_jobs, write_summary
from workers.processes import ROOT
from workers.sample_agreement import make_sample_agreement
from workers.stack import Stack, running_stack, wait_until
from workers.up import alone_in, stop_on_signals

FOLDER = ROOT / "var" / "demo"
DOCUMENT_ID = "demo-agreement"
REMINDED_AFTER = timedelta(seconds=5)
FIRST = Signer("first", "anna.nangolo@example.com", "Anna Nangolo")
SECOND = Signer("second", "johannes.beukes@example.com", "Johannes Beukes")
SENDER = Sender("office@example.com", "Okavango Legal")
_SVG_WITHOUT_REMOTE_FONTS = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
_ANOTHER_BROKER = ("BUFFRSIGN_", "REDIS_")


class Story:
    """The steps, told one line each as they end."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, what: str, step: Callable[[], str]) -> None:
        """Do one step under a spinner, then print what came of it and how long it took."""
        began = time.monotonic()
        with self._console.status(what):
            outcome = step()
        took = time.monotonic() - began
        self._console.print(f"[green]✓[/] {what:<34} {outcome} [dim]({took:.1f} s)[/]")


def main() -> None:
    """Run the story; exit 0 when all of it went as told."""
    arguments = _arguments()
    stop_on_signals()
    console = Console(record=True, highlight=False)
    try:
        pdf = _read(arguments.pdf) if arguments.pdf else make_sample_agreement()
        with alone_in(FOLDER):
            _empty(FOLDER)
            _run(pdf, arguments.pdf, console)
    except KeyboardInterrupt:
        sys.exit("stopped")
    except (BuffrSignError, SettingsRefused) as error:
        sys.exit(f"the demo failed: {error}")


def _run(pdf: bytes, path: Path | None, console: Console) -> None:
    began = time.monotonic()
    title = path.name if path else "Service agreement"
    console.print("[bold]BuffrSign Workers[/]: one document through every queue\n")
    with running_stack(FOLDER, env=_environment(), say=lambda _step: None) as stack:
        console.print(
            f"[green]✓[/] {'everything started':<34} six queues answer [dim]({time.monotonic() - began:.1f} s)[/]"
        )
        story = Story(console)
        story.tell("store the document", lambda: _store(pdf, title, stack))
        try:
            _tell_the_rest(story, title, stack)
        finally:
            summary = write_summary(FOLDER, document_id=DOCUMENT_ID, stack=stack)
        print_findings(console, summary)
        print_jobs(console, [job for job in _jobs(stack) if job.kind != Canary.kind])
    console.print(f"\nletters, pictures, report and audit trail are in [bold]{FOLDER.relative_to(ROOT)}[/]")
    console.print("`make up` starts the same and keeps it running, with Flower on http://127.0.0.1:5555")
    if not summary["ok"]:
        raise BuffrSignError(f"not all of it went as told; {FOLDER.relative_to(ROOT)}/summary.json says what")
    console.save_svg(str(FOLDER / "demo.svg"), title="make demo", code_format=_SVG_WITHOUT_REMOTE_FONTS)


def _tell_the_rest(story: Story, title: str, stack: Stack) -> None:
    story.tell("inspect, picture and check it", lambda: _await_document(stack))
    story.tell("ask two people to sign", lambda: _open_request(title, stack))
    story.tell("the first one signs", lambda: _sign(stack))
    story.tell("five seconds later: reminders", lambda: _await_reminders(stack))
    story.tell("clean up what is past its time", lambda: _clean_up(stack))
    story.tell("verify the audit trail", lambda: _await_audit(stack))


def _store(pdf: bytes, title: str, stack: Stack) -> str:
    services = stack.services
    version = take_in(pdf, document_id=DOCUMENT_ID, title=title, catalog=services.catalog, blobs=services.blobs)
    stack.producer.enqueue(
        RecordEvent(
            action="document.received",
            occurred_at=services.clock(),
            document_id=DOCUMENT_ID,
            details={"sha256": version.sha256, "size_bytes": len(pdf)},
        )
    )
    stack.producer.enqueue(InspectDocument(document_id=DOCUMENT_ID, sha256=version.sha256))
    return f"{len(pdf):,} bytes, SHA-256 {version.sha256[:16]}…"


def _await_document(stack: Stack) -> str:
    catalog = stack.services.catalog
    finished = {DocumentState.READY, DocumentState.HELD}
    wait_until(
        lambda: catalog.document(DOCUMENT_ID).state in finished, stack.processes, what="the document to be ready"
    )
    document = catalog.document(DOCUMENT_ID)
    results = catalog.results(DOCUMENT_ID, catalog.version(DOCUMENT_ID).sha256)
    if document.state is DocumentState.HELD:
        detail = results.get(Step.INSPECT, {}).get("detail", "")
        raise BuffrSignError(f"the document is held, {document.state_reason}. {detail}".strip())
    return f"{results[Step.INSPECT]['pages']} pages, ready"


def _open_request(title: str, stack: Stack) -> str:
    stack.producer.enqueue(
        OpenRequest(
            document_id=DOCUMENT_ID,
            document_title=title,
            sender=SENDER,
            signers=(FIRST, SECOND),
            message="Please sign the agreement for the coming year.",
            reminders=ReminderPolicy(
                first_after=REMINDED_AFTER, every=REMINDED_AFTER, at_most=1, quiet_from="00:00", quiet_until="00:00"
            ),
        )
    )
    _wait_for_jobs("email.signature_request", 2, stack)
    return f"{_letters(stack)} letters sent"


def _sign(stack: Stack) -> str:
    event = SignerEvent(
        event_id="demo-signed-1",
        document_id=DOCUMENT_ID,
        event=Event.SIGNED,
        occurred_at=stack.services.clock(),
        recipient_id=FIRST.recipient_id,
    )
    stack.producer.enqueue(event)
    _wait_for_jobs("requests.signer_event", 1, stack)
    return f"{FIRST.name} signed"


def _await_reminders(stack: Stack) -> str:
    reminders = _wait_for_jobs("email.signature_reminder", 2, stack)
    dropped = [each for each in reminders if str(each.outcome).startswith("dropped")]
    if len(dropped) != 1 or _letters(stack) != 3:
        raise BuffrSignError(
            f"one reminder of two should have been sent; outcomes: {[each.outcome for each in reminders]}"
        )
    return f"one sent, one {dropped[0].outcome}"


def _clean_up(stack: Stack) -> str:
    stack.producer.enqueue(ExpiredDocuments())
    stack.producer.enqueue(CacheCleanup())
    return f"{_wait_for_jobs(ExpiredDocuments.kind, 1, stack)[0].outcome}, as nothing has expired yet"


def _await_audit(stack: Stack) -> str:
    wait_until(lambda: all(each.state.is_final for each in _jobs(stack)), stack.processes, what="all jobs to end")
    dead = [each for each in _jobs(stack) if each.state is State.DEAD]
    if dead:
        raise BuffrSignError(f"{dead[0].kind} became a dead letter: {dead[0].error}")
    match stack.services.ledger.verify():
        case Verified(entries, head):
            return f"{entries} entries, chain intact, head {head[:16]}…"
        case Broken(sequence, reason):
            raise BuffrSignError(f"the ledger is broken at entry {sequence}: {reason}")


def _wait_for_jobs(kind: str, count: int, stack: Stack) -> list[JobStatus]:
    def ended() -> list[JobStatus]:
        return [each for each in _jobs(stack) if each.kind == kind and each.state.is_final]

    wait_until(lambda: len(ended()) >= count, stack.processes, what=f"{count} jobs {kind}")
    return ended()


def _jobs(stack: Stack) -> list[JobStatus]:
    return jobs_of_the_story(stack.services)


def _letters(stack: Stack) -> int:
    return len(list(stack.mail_folder.glob("*.eml")))


def _environment() -> dict[str, str]:
    """The demo never touches a server that the machine's settings name: it brings its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_ANOTHER_BROKER)}


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuffrSignError(f"cannot read {path}: {error.strerror}") from error


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--pdf", type=Path, help="a PDF of your own; without it the demo makes an agreement")
    return parser.parse_args()


if __name__ == "__main__":
    main()
