"""Dead letters: jobs that will not run again by themselves, why, and what is to become of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec

from buffrsign.broker.dead_letters import DeadLetter, DeadLetters, Decided, Reason, Which
from buffrsign.cli.connections import open_broker
from buffrsign.cli.options import as_json, broker_url, moment, payload_keys
from buffrsign.cli.output import print_json, print_rows, report
from buffrsign.core.errors import Permanent
from buffrsign.crypto import Cipher
from buffrsign.jobs import Queue

_COLUMNS = ("job_id", "kind", "queue", "reason", "attempts", "died_at", "error")
Command = Callable[..., None]
Decide = Callable[..., Decided]


class DeadLetterUnknown(Permanent):
    """No job of this id is dead."""


class MessageUnreadable(Permanent):
    """The message of a dead letter is not what our broker writes."""


class NotAllDecided(Permanent):
    """Some of the letters that were named stay as they are; the reasons were printed."""


def _filter(command: Command) -> Command:
    """The options that say which letters are meant."""
    for option in (
        click.option("--before", type=moment, metavar="TIME", help="Only those that died before this time."),
        click.option("--after", type=moment, metavar="TIME", help="Only those that died at this time or later."),
        click.option("--reason", type=click.Choice([reason.value for reason in Reason]), help="Only with this reason."),
        click.option("--queue", type=click.Choice([queue.value for queue in Queue]), help="Only of this queue."),
        click.option("--kind", help="Only of this kind, as in email.signature_request."),
    ):
        command = option(command)
    return command


def _decision(command: Command) -> Command:
    """What a command takes that decides on letters: ids, or a filter, or --all."""
    for option in (
        as_json,
        broker_url,
        click.option("--yes", is_flag=True, help="Do not ask first."),
        click.option("--dry-run", is_flag=True, help="Only say what would happen."),
        _filter,
        click.option("--all", "every", is_flag=True, help="All there are."),
        click.argument("job_ids", metavar="[JOB_ID]...", nargs=-1),
    ):
        command = option(command)
    return command


@click.group()
def dead() -> None:
    """Look at jobs that failed for good, and run them again or throw them away."""


@dead.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@_filter
@broker_url
@as_json
def list_letters(*, limit: int, broker_url: str, as_json: bool, **meant: Any) -> None:
    """List the dead letters, the latest first."""
    with open_broker(broker_url) as client:
        letters = [_without_message(letter) for letter in DeadLetters(client).select(_which(**meant), at_most=limit)]
    if as_json:
        print_json(letters)
    else:
        print_rows(_COLUMNS, [[letter[name] for name in _COLUMNS] for letter in letters])


@dead.command()
@click.argument("job_id")
@click.option("--payload", is_flag=True, help="Show its payload too, which may hold personal data.")
@broker_url
@payload_keys
@as_json
def show(job_id: str, *, payload: bool, broker_url: str, payload_keys: Cipher | None, as_json: bool) -> None:
    """Show why one job died: reason, error, attempts and worker."""
    with open_broker(broker_url) as client:
        letter = DeadLetters(client).find(job_id)
    if letter is None:
        raise DeadLetterUnknown(f"no dead letter of this broker is job {job_id}; `buffrsign dead list` names them")
    shown = _without_message(letter)
    if payload:
        shown["payload"] = _payload(letter, payload_keys)
    report(shown, as_json=as_json)


@dead.command()
@_decision
def requeue(*, broker_url: str, **asked: Any) -> None:
    """Send dead letters back to their queues: by JOB_ID, by a filter, or --all.

    Each runs again under its id, with all its attempts. One that cannot run again, or whose key another job has by now,
    stays, and says why; then the command ends with 1.
    """
    with open_broker(broker_url) as client:
        _decide(DeadLetters(client).requeue, done="requeued", **asked)


@dead.command()
@_decision
def discard(*, broker_url: str, **asked: Any) -> None:
    """Throw dead letters away for good: by JOB_ID, by a filter, or --all."""
    with open_broker(broker_url) as client:
        _decide(DeadLetters(client).discard, done="discarded", **asked)


def _decide(
    decide: Decide,
    *,
    done: str,
    job_ids: Sequence[str],
    every: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **meant: Any,
) -> None:
    which = _which(**meant)
    if sum((bool(job_ids), every, which != Which())) != 1:
        raise click.UsageError("name letters by JOB_ID, or by --kind, --queue, --reason, --after or --before, or --all")
    target: Sequence[str] | Which = job_ids or which
    if not dry_run and not yes:
        count = len(decide(target, dry_run=True).job_ids)
        click.confirm(f"{count:,} dead letters will be {done}. Go on?", abort=True, err=True)
    decided = decide(target, dry_run=dry_run)
    _tell(decided, done=done, dry_run=dry_run, as_json=as_json)
    if decided.refused:
        raise NotAllDecided(f"{len(decided.refused):,} of {_size(decided):,} dead letters were not {done}")


def _tell(decided: Decided, *, done: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({done: decided.job_ids, "refused": decided.refused, "dry_run": dry_run})
        return
    click.echo(f"{len(decided.job_ids):,} dead letters {'would be' if dry_run else 'were'} {done}.")
    if decided.refused:
        print_rows(("job_id", f"why it was not {done}"), decided.refused.items())


def _size(decided: Decided) -> int:
    return len(decided.job_ids) + len(decided.refused)


def _which(
    *, kind: str | None, queue: str | None, reason: str | None, after: datetime | None, before: datetime | None
) -> Which:
    return Which(
        kind=kind or "", queue=queue or "", reason=Reason(reason) if reason else None, after=after, before=before
    )


def _without_message(letter: DeadLetter) -> dict[str, Any]:
    fields = msgspec.structs.asdict(letter)
    del fields["message"]
    return fields


def _payload(letter: DeadLetter, cipher: Cipher | None) -> Any:
    """A contract's one argument, or all arguments of another producer's message.

    Raises:
        MessageUnreadable: it is no message of ours.
        PayloadUnreadable: it is encrypted, and not with one of these keys.
    """
    from buffrsign.broker.bodies import body_of, opened  # noqa: PLC0415 - it brings kombu, which no other command needs

    try:
        envelope = opened(msgspec.json.decode(letter.message), cipher)
        args, kwargs, _what_follows = msgspec.json.decode(body_of(envelope))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MessageUnreadable(
            f"the message of dead letter {letter.job_id} cannot be read; show it without --payload"
        ) from error
    return args[0] if len(args) == 1 and not kwargs else {"args": args, "kwargs": kwargs}
