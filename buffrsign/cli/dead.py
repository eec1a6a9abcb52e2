"""Dead letters: jobs that will not run again by themselves, and why."""

import base64
from typing import Any

import click
import msgspec

from buffrsign.broker.dead_letters import DeadLetter, DeadLetters
from buffrsign.cli.connections import open_broker
from buffrsign.cli.options import as_json, broker_url
from buffrsign.cli.output import print_json, print_rows, report
from buffrsign.core.errors import Permanent

_COLUMNS = ("job_id", "kind", "queue", "reason", "attempts", "died_at", "error")


class DeadLetterUnknown(Permanent):
    """No job of this id is dead."""


class MessageUnreadable(Permanent):
    """The message of a dead letter is not what our broker writes."""


@click.group()
def dead() -> None:
    """Look at jobs that failed for good."""


@dead.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@broker_url
@as_json
def list_letters(*, limit: int, broker_url: str, as_json: bool) -> None:
    """List the dead letters, the latest first."""
    with open_broker(broker_url) as client:
        letters = [_without_message(letter) for letter in DeadLetters(client).newest(at_most=limit)]
    if as_json:
        print_json(letters)
    else:
        print_rows(_COLUMNS, [[letter[name] for name in _COLUMNS] for letter in letters])


@dead.command()
@click.argument("job_id")
@click.option("--payload", is_flag=True, help="Show its payload too, which may hold personal data.")
@broker_url
@as_json
def show(job_id: str, *, payload: bool, broker_url: str, as_json: bool) -> None:
    """Show why one job died: reason, error, attempts and worker."""
    with open_broker(broker_url) as client:
        letter = DeadLetters(client).find(job_id)
    if letter is None:
        raise DeadLetterUnknown(f"no dead letter of this broker is job {job_id}; `buffrsign dead list` names them")
    shown = _without_message(letter)
    if payload:
        shown["payload"] = _payload(letter)
    report(shown, as_json=as_json)


def _without_message(letter: DeadLetter) -> dict[str, Any]:
    fields = msgspec.structs.asdict(letter)
    del fields["message"]
    return fields


def _payload(letter: DeadLetter) -> Any:
    """A contract's one argument, or all arguments of another producer's message."""
    try:
        body = base64.b64decode(msgspec.json.decode(letter.message)["body"])
        args, kwargs, _what_follows = msgspec.json.decode(body)
    except (ValueError, TypeError, KeyError) as error:
        raise MessageUnreadable(
            f"the message of dead letter {letter.job_id} cannot be read; show it without --payload"
        ) from error
    return args[0] if len(args) == 1 and not kwargs else {"args": args, "kwargs": kwargs}
