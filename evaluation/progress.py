"""How far off the expected end of a document is: `python -m evaluation.progress [--quick]`, or `make bench-progress`.

Generated contracts go through the whole system, a few at a time, as people upload them. Whenever a status says when its
document will be concluded, that is compared with when it was.
"""

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import Progress

from benchmarks.documents.contracts import contracts
from buffrsign.jobs.documents import InspectDocument
from buffrsign.producer import connect
from buffrsign.state.document_status import DocumentStatus
from buffrsign.state.keys import DOCUMENT_CHANNEL_PREFIX
from buffrsign.storage import take_in
from workers.processes import ROOT
from workers.stack import Stack, running_stack

FOLDER = ROOT / "var" / "bench" / "progress"
OUTPUT = ROOT / "var" / "bench" / "progress.json"
DOCUMENTS, QUICK_DOCUMENTS = 240, 60
_FORGOTTEN = 12  # the first ones: nothing has been seen yet
_UNDER_WAY = 4
_LENGTHS = 13  # one page to twelve, and the demo's agreement
_SEED = 20261127
_IN_TIME_S = 30.0
_SETTINGS = ("BUFFRSIGN_", "REDIS_")


@dataclass(frozen=True)
class Guess:
    """What one status said. `after`: the step that was done when it did, or "" at the beginning; both times in ms."""

    after: str
    expected_left_ms: int
    really_left_ms: int

    @property
    def error_ms(self) -> int:
        """Without its sign."""
        return abs(self.expected_left_ms - self.really_left_ms)


def main(arguments: list[str] | None = None) -> None:
    """Run the documents, print the errors and write `var/bench/progress.json`. Exit code 1: not all were concluded."""
    given = _parse(arguments)
    shutil.rmtree(FOLDER, ignore_errors=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    files = _files(given.documents or (QUICK_DOCUMENTS if given.quick else DOCUMENTS))
    with running_stack(FOLDER, env=environment, say=lambda _step: None) as stack:
        heard = _run(stack, files)
    found = as_json(heard)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(as_table(found))
    if missing := len(files) - len(heard):
        sys.exit(f"{missing} documents were not concluded within {_IN_TIME_S:.0f} s of the one before")


def guesses(statuses: Sequence[DocumentStatus]) -> Iterator[Guess]:
    """What the statuses of one document, in order, said of its end."""
    ended_at_ms = statuses[-1].updated_at_ms
    for each in statuses[:-1]:
        if each.expected_at_ms is not None:
            after = each.step if each.steps[each.step].progress == 100 else ""
            yield Guess(after, each.expected_at_ms - each.updated_at_ms, ended_at_ms - each.updated_at_ms)


def as_json(heard: Sequence[Sequence[DocumentStatus]]) -> dict[str, Any]:
    """The errors by what was done when the guess was made; of documents in the order in which they ended."""
    by_step: dict[str, list[Guess]] = defaultdict(list)
    for statuses in heard[_FORGOTTEN:]:
        for guess in guesses(statuses):
            by_step[guess.after or "begin"].append(guess)
    took = [each[-1].updated_at_ms - each[0].updated_at_ms for each in heard]
    return {
        "documents": len(heard),
        "median_ms_to_end": median(took),
        "guesses": {after: _errors(made) for after, made in by_step.items()},
    }


def as_table(found: dict[str, Any]) -> str:
    """One row for each moment at which a guess is made."""
    lines = [f"{found['documents']} documents, from their first status to their end {found['median_ms_to_end']:.0f} ms"]
    lines.append(f"{'guess made after':<20}{'guesses':>9}{'error ms':>10}{'p90':>8}{'error %':>10}{'p90':>8}")
    for after, row in found["guesses"].items():
        lines.append(
            f"{after:<20}{row['guesses']:>9}{row['error_ms']['median']:>10.0f}{row['error_ms']['p90']:>8.0f}"
            f"{100 * row['error_share']['median']:>10.0f}{100 * row['error_share']['p90']:>8.0f}"
        )
    return "\n".join(lines) + "\n"


def _errors(made: Sequence[Guess]) -> dict[str, Any]:
    return {
        "guesses": len(made),
        "left_ms": median(each.really_left_ms for each in made),
        "error_ms": _spread([each.error_ms for each in made]),
        "error_share": _spread([each.error_ms / max(each.really_left_ms, 1) for each in made]),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    p90 = quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
    return {"median": round(median(values), 4), "p90": round(p90, 4)}


def _files(count: int) -> list[bytes]:
    """So many contracts, no two of the same bytes: what was inspected before is not inspected again."""
    made = contracts(min(count, _LENGTHS))
    files = [made[number % len(made)] + b"%% copy %d\n" % number for number in range(count)]
    random.Random(_SEED).shuffle(files)  # noqa: S311 - sizes in no order, and in the same one each time
    return files


def _run(stack: Stack, files: Sequence[bytes]) -> list[list[DocumentStatus]]:
    """Every status of these documents, by document, in the order in which they ended; without those that did not."""
    count, waiting = len(files), iter(enumerate(files))
    heard: dict[str, list[DocumentStatus]] = defaultdict(list)
    ended: list[list[DocumentStatus]] = []
    with (
        closing(connect(stack.services.settings.state_url)) as client,
        client.pubsub(ignore_subscribe_messages=True) as watcher,  # type: ignore[no-untyped-call]
        Progress(console=Console(stderr=True)) as progress,
    ):
        bar = progress.add_task("documents", total=count)
        watcher.psubscribe(f"{DOCUMENT_CHANNEL_PREFIX}*")
        for _ in range(_UNDER_WAY):
            _upload(next(waiting), stack)
        deadline = time.monotonic() + _IN_TIME_S
        while len(ended) < count and time.monotonic() < deadline:
            message = watcher.get_message(timeout=1.0)
            if message is None:
                stack.processes.check()
                continue
            status = msgspec.json.decode(message["data"], type=DocumentStatus)
            heard[status.document_id].append(status)
            if status.state != "processing":
                ended.append(heard.pop(status.document_id))
                progress.advance(bar)
                deadline = time.monotonic() + _IN_TIME_S
                if following := next(waiting, None):
                    _upload(following, stack)
    return ended


def _upload(numbered: tuple[int, bytes], stack: Stack) -> None:
    number, data = numbered
    services, document_id = stack.services, f"measured-{number}"
    version = take_in(data, document_id=document_id, title="Measured", catalog=services.catalog, blobs=services.blobs)
    stack.producer.enqueue(InspectDocument(document_id=document_id, sha256=version.sha256))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.progress", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few documents: for a first look only")
    parser.add_argument("--documents", type=int, help=f"so many (default {DOCUMENTS})")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
