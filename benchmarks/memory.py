"""What a job costs the broker in memory, in each state it can be in: `python -m benchmarks.memory`.

For each form of job and each state, an empty server is given one job of that kind, and then so many more; the
difference of its `used_memory`, without what its clients and the append-only file's buffer take, is divided by their
number. Measured is Debian's redis-server where there is one, else the server that the project would start.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.samples import Sample, samples
from benchmarks.servers import installed_servers, running
from benchmarks.states import Place, Stage, Told
from buffrsign.producer import payload_of

if TYPE_CHECKING:
    from redis import Redis

JOBS = 10_000
PAUSE_S = 0.05
SETTLE_TIMEOUT_S = 10.0

Doing = Callable[[str], Told]
"""Told what is measured next; answers what to call for each job."""


@dataclass(frozen=True)
class Cost:
    """What one job of one form takes in one state. `payload_bytes` are of its JSON, before it was wrapped."""

    server: str
    kind: str
    keyed: bool
    payload_bytes: int
    state: Place
    jobs: int
    bytes_per_job: float


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--jobs", type=_count, default=JOBS, help=f"how many jobs in each state (default {JOBS:,})")
    parser.add_argument("--state", type=Place, action="append", help=f"only this one; of: {', '.join(Place)}")
    given = parser.parse_args(arguments)
    places = given.state or list(Place)
    with _progress(steps=len(samples()) * len(places) * given.jobs) as doing:
        costs = list(measure_all(places, jobs=given.jobs, doing=doing))
    if given.json:
        sys.stdout.write(as_json(costs))
    else:
        Console().print(as_table(costs))


def measure_all(places: Sequence[Place], *, jobs: int, doing: Doing) -> Iterator[Cost]:
    """Every form of job in each of these states."""
    for sample in samples():
        with a_server() as (name, client):
            for place in places:
                told = doing(f"{sample.name}, {_keyed(sample.keyed)}, {place}")
                yield measure(name, client, sample, place, jobs=jobs, told=told)


@contextmanager
def a_server() -> Iterator[tuple[str, "Redis"]]:
    """The name of the server that is measured, and a client of one that was started for it."""
    server = installed_servers()[-1]
    with tempfile.TemporaryDirectory() as folder, running(server, "everysec", folder=Path(folder)) as (client, _pid):
        yield server.name, client


def measure(
    server: str, client: "Redis", sample: Sample, place: Place, *, jobs: int, told: Told = lambda: None
) -> Cost:
    """One form of job in one state. MUST be a server of our own: it is emptied before."""
    client.flushall()
    stage = Stage(client)
    stage.bring([sample.job()], place)
    before = used_bytes(client)
    stage.bring((sample.job() for _ in range(jobs)), place, told)
    taken = used_bytes(client) - before
    stage.close()
    size = len(json.dumps(payload_of(sample.job()), separators=(",", ":"), ensure_ascii=False).encode())
    return Cost(server, sample.name, sample.keyed, size, place, jobs, round(taken / jobs, 1))


def used_bytes(client: "Redis") -> int:
    """What the data takes, once the server has nothing left to tidy up."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    used = _used_bytes(client)
    while time.monotonic() < deadline:
        time.sleep(PAUSE_S)
        earlier, used = used, _used_bytes(client)
        if used == earlier:
            break
    return used


def as_json(costs: list[Cost]) -> str:
    """A list of objects."""
    return json.dumps([asdict(cost) for cost in costs], indent=2) + "\n"


def as_table(costs: list[Cost]) -> Table:
    """For people: a row for each state, a column for each form of job; 80 characters wide."""
    table = Table(title=f"bytes per job, {costs[0].jobs:,} jobs, {costs[0].server}", box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    forms = list(dict.fromkeys((cost.kind, cost.keyed, cost.payload_bytes) for cost in costs))
    for kind, keyed, _size in forms:
        table.add_column(f"{kind.rpartition('.')[2]}\n{_keyed(keyed)}", justify="right")
    table.add_row("its payload", *(f"{size:,}" for _kind, _keyed, size in forms), end_section=True)
    cells = {(cost.kind, cost.keyed, cost.state): f"{cost.bytes_per_job:,.0f}" for cost in costs}
    for place in Place:
        table.add_row(place.value, *(cells.get((kind, keyed, place), "-") for kind, keyed, _size in forms))
    return table


def _keyed(keyed: bool) -> str:
    return "keyed" if keyed else "no key"


def _used_bytes(client: "Redis") -> int:
    memory: Any = client.info("memory")
    return int(memory["used_memory"] - memory["mem_clients_normal"] - memory["mem_aof_buffer"])


@contextmanager
def _progress(*, steps: int) -> Iterator[Doing]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=steps)

        def doing(what: str) -> Told:
            bar.update(task, description=what)
            return lambda: bar.advance(task)

        yield doing


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 1_000_000:
        raise argparse.ArgumentTypeError(f"give a number of jobs from 1 to 1,000,000, not {text}")
    return count


if __name__ == "__main__":
    main()
