"""Limits of the whole fleet: what is set, and how many jobs each holds back now."""

import re
from datetime import timedelta

import click
import msgspec

from buffrsign.broker.fleet_limits import Held, Limit, clear_limit, read_held, read_limits, set_limit
from buffrsign.cli.connections import open_broker
from buffrsign.cli.options import as_json, broker_url
from buffrsign.cli.output import print_json, print_rows, report
from buffrsign.core.errors import Permanent

_RATE = re.compile(r"(\d{1,9})/(s|m|h|d)")
_PERIODS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class LimitUnknown(Permanent):
    """No limit of this name is set."""


class Shown(msgspec.Struct, frozen=True):
    """A limit, and how many jobs it holds back, by queue. One that holds jobs and is set no more has no bounds."""

    name: str
    at_once: int | None
    starts: int | None
    per_s: float | None
    holds: dict[str, int]


@click.group()
def limits() -> None:
    """Bound how many jobs of a sort workers have at a time, or how many start in a while.

    A limit delays jobs and drops none. Its NAME is kind:<kind>, tenant:<id>, or what jobs say with limited_by=, such as
    provider:gmail. With * behind the colon it holds for each of these that has no limit of its own, one by one.
    """


@limits.command("list")
@broker_url
@as_json
def list_(*, broker_url: str, as_json: bool) -> None:
    """List what is set, and how many jobs each limit holds back now."""
    with open_broker(broker_url) as client:
        shown = _shown(read_limits(client), read_held(client))
    if as_json:
        print_json(shown)
    else:
        columns = ("limit", "at once", "starts", "holds")
        print_rows(columns, [(each.name, each.at_once, _rate_of(each), sum(each.holds.values())) for each in shown])


@limits.command("set")
@click.argument("name")
@click.option("--at-once", type=int, help="At most so many jobs are with workers.")
@click.option(
    "--starts", metavar="N/s|m|h|d", help="At most so many start in a second, minute, hour or day: 20/s, 500/h."
)
@broker_url
@as_json
def set_(name: str, *, at_once: int | None, starts: str | None, broker_url: str, as_json: bool) -> None:
    """Let a limit hold from now on, for jobs that are given out from now on. It replaces what was set before."""
    match = _RATE.fullmatch(starts) if starts else None
    if starts and match is None:
        raise click.BadParameter("expected a number, a slash and a unit, as in 20/s, 300/m, 500/h or 1000/d")
    limit = Limit(name, at_once, int(match[1]), _PERIODS[match[2]]) if match else Limit(name, at_once)
    with open_broker(broker_url) as client:
        set_limit(client, limit)
    report(msgspec.to_builtins(_shown([limit], [])[0]), as_json=as_json)


@limits.command("clear")
@click.argument("name")
@broker_url
@as_json
def clear(name: str, *, broker_url: str, as_json: bool) -> None:
    """Let a limit hold no more. What it held back goes as soon as workers have room."""
    with open_broker(broker_url) as client:
        if not clear_limit(client, name):
            raise LimitUnknown(f"no limit is set under {name[:100]!r}; buffrsign limits list shows those that are")
    report({"cleared": name}, as_json=as_json)


def _shown(limits: list[Limit], held: list[Held]) -> list[Shown]:
    by_name: dict[str, Limit | None] = {
        **dict.fromkeys(each.limit for each in held),
        **{each.name: each for each in limits},
    }
    return [
        Shown(
            name,
            limit.at_once if limit else None,
            limit.starts if limit else None,
            limit.per.total_seconds() if limit and limit.starts else None,
            {each.queue: each.jobs for each in held if each.limit == name},
        )
        for name, limit in sorted(by_name.items())
    ]


def _rate_of(shown: Shown) -> str | None:
    if shown.starts is None:
        return None
    unit = next((unit for unit, period in _PERIODS.items() if period.total_seconds() == shown.per_s), None)
    return f"{shown.starts}/{unit}" if unit else f"{shown.starts} in {shown.per_s:g} s"
