"""`buffrsign jobs export --to-stock`: leave our transport, and let stock Celery workers take what waits."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click
import msgspec

from buffrsign.broker.export import Exported, count_exportable, export_to_stock, require_stopped
from buffrsign.cli.connections import open_broker
from buffrsign.cli.options import as_json, broker_url
from buffrsign.cli.output import report
from buffrsign.core.errors import Permanent

MANY = 500
"""So many jobs are worth a bar that shows how far it is."""


_IN_MEMORY = (
    "Scheduled jobs wait in the memory of stock workers from now on; give these a visibility_timeout longer than "
    "the longest delay, or each runs again after it."
)


class SomeLeft(Permanent):
    """Some scheduled jobs stay where they are; their ids were printed."""


@click.command()
@click.option("--to-stock", is_flag=True, help="For workers on kombu's own transport. Must be given.")
@click.option("--dry-run", is_flag=True, help="Only count what would go.")
@click.option("--force", is_flag=True, help="Also take the jobs of workers that live; what they run then runs twice.")
@click.option(
    "--keep-schedule", is_flag=True, help="Leave the schedule: `python -m workers.scheduler` goes on with it."
)
@broker_url
@as_json
def export(*, to_stock: bool, dry_run: bool, force: bool, keep_schedule: bool, broker_url: str, as_json: bool) -> None:
    """Turn what only our transport understands into what stock Celery workers understand.

    Stop all workers, schedulers and pullers first. Jobs that a worker held go back to the head of their lists, and
    scheduled ones into their lists as messages that carry their time. Stock workers keep those in memory until then,
    and deliver them again after each visibility timeout: make that longer than the longest delay, or use
    --keep-schedule. A job's record stays; its policy for a missed time does not.

    May be interrupted and called again at any time: each step is whole.
    """
    if not to_stock:
        raise click.UsageError("say for whom: --to-stock")
    with open_broker(broker_url) as client:
        total = count_exportable(client)
        total = msgspec.structs.replace(total, scheduled=0) if keep_schedule else total
        if dry_run and not force:
            require_stopped(client)
        steps = export_to_stock(client, force=force, with_schedule=not keep_schedule)
        went = total if dry_run else _last(steps, of=total.jobs)
    facts = {**msgspec.structs.asdict(went), "dry_run": dry_run}
    report(facts if as_json else {**facts, "left": ", ".join(went.left) or None}, as_json=as_json)
    if went.scheduled and not dry_run:
        click.echo(_IN_MEMORY, err=True)
    if went.left:
        raise SomeLeft(f"{len(went.left):,} scheduled jobs hold no message that a worker could read, and were left")


def _last(steps: Iterable[Exported], *, of: int) -> Exported:
    went = Exported()
    with _bar(of) as advance:
        for so_far in steps:
            advance(so_far.jobs - went.jobs)
            went = so_far
    return went


@contextmanager
def _bar(jobs: int) -> Iterator[Callable[[int], None]]:
    """Shows how far it is, to people who would wait."""
    if jobs < MANY or not sys.stderr.isatty():
        yield lambda _more: None
        return
    with click.progressbar(length=jobs, label="jobs", file=sys.stderr) as bar:
        yield bar.update
