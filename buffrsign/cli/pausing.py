"""Queues that people stop for a while, and let go on."""

import click

from buffrsign.broker.pausing import pause as pause_queues
from buffrsign.broker.pausing import paused_since
from buffrsign.broker.pausing import resume as resume_queues
from buffrsign.cli.connections import open_broker
from buffrsign.cli.options import as_json, broker_url
from buffrsign.cli.output import print_json, print_rows
from buffrsign.jobs import Queue

_queues = click.argument("names", metavar="QUEUE...", nargs=-1, required=True, type=click.Choice(list(Queue)))


@click.command()
@_queues
@broker_url
@as_json
def pause(names: tuple[Queue, ...], *, broker_url: str, as_json: bool) -> None:
    """Let queues give out no jobs until they are resumed.

    What workers hold already goes on, and jobs are accepted as ever. The pause is kept in the broker: it outlives
    workers and restarts. Prints all queues that are paused now.
    """
    with open_broker(broker_url) as client:
        pause_queues(client, names)
        _show(paused_since(client), as_json=as_json)


@click.command()
@_queues
@broker_url
@as_json
def resume(names: tuple[Queue, ...], *, broker_url: str, as_json: bool) -> None:
    """Let queues give out jobs again, and print those that are still paused."""
    with open_broker(broker_url) as client:
        resume_queues(client, names)
        _show(paused_since(client), as_json=as_json)


def _show(paused: object, *, as_json: bool) -> None:
    if as_json:
        print_json(paused)
    elif isinstance(paused, dict):
        print_rows(("paused queue", "since"), list(paused.items()))
