"""Uncertain letters: nobody heard whether a mail server took them, and a person finds out."""
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING, Literal

import click

from buffrsign.cli.connections import open_broker, open_database, open_producer
from buffrsign.cli.options import as_json, broker_url, database_url, key_secret
from buffrsign.cli.output import print_json, print_rows, report
from buffrsign.core.clock import utc_now
from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from buffrsign.broker.dead_letters import DeadLetters
    from buffrsign.mail.rows import Delivery

_why = click.option("--why", required=True, metavar="TEXT", help="How it is known. It is kept in the letter's history.")
_job_id = click.argument("job_id")


class NotResent(Permanent):
    """The letter's job cannot come back, so the letter cannot be sent once more; nothing was changed."""


@click.group()
def uncertain() -> None:
    """Look at letters of which nobody knows whether they were taken, and decide what becomes of them."""


@uncertain.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@click.option("--people", is_flag=True, help="Show the recipients' addresses too.")
@database_url
@as_json
def list_(*, limit: int, people: bool, database_url: str, as_json: bool) -> None:
    """List the uncertain letters, the oldest first, with the Message-ID to look for in the mail server's log."""
    from buffrsign.mail.doubts import Doubts

    with open_database(database_url) as database:
        letters = [_shown(letter, people=people) for letter in Doubts(database, utc_now).select(at_most=limit)]
    if as_json:
        print_json(letters)
    elif letters:
        print_rows(tuple(letters[0]), [tuple(letter.values()) for letter in letters])
    else:
        click.echo("No letter is uncertain.")


@uncertain.command()
@_job_id
@_why
@database_url
@broker_url
@as_json
def resend(job_id: str, *, why: str, database_url: str, broker_url: str, as_json: bool) -> None:
    """Send an uncertain letter once more, under the same Message-ID: whoever has it may get it twice.

    Its job comes back from the dead letters. If that leaves a doubt again, the letter is held again.
    """
    from buffrsign.broker.dead_letters import DeadLetters
    from buffrsign.mail.doubts import Doubts

    with open_database(database_url) as database, open_broker(broker_url) as client:
        doubts, dead_letters = Doubts(database, utc_now), DeadLetters(client)
        doubts.find(job_id)
        _require_possible(dead_letters, job_id)
        letter = doubts.allow_resend(job_id, why=why)
        dead_letters.requeue([job_id])
    report(_shown(letter, people=False), as_json=as_json)


@uncertain.command()
@_job_id
@click.option(
    "--as",
    "end",
    type=click.Choice(["accepted", "bounced"]),
    required=True,
    help="Whether the mail server took it, or it came back or was never taken.",
)
@_why
@database_url
@broker_url
@key_secret
@as_json
def settle(
    job_id: str,
    *,
    end: Literal["accepted", "bounced"],
    why: str,
    database_url: str,
    broker_url: str,
    key_secret: str | None,
    as_json: bool,
) -> None:
    """Write what became of an uncertain letter. It is not sent; its job comes back and ends as this says."""
    from buffrsign.broker.dead_letters import DeadLetters
    from buffrsign.cli.mail_follow_up import follow_up
    from buffrsign.mail.doubts import Doubts
    from buffrsign.mail.states import State

    state: Literal[State.ACCEPTED, State.BOUNCED] = State.ACCEPTED if end == "accepted" else State.BOUNCED
    with (
        open_database(database_url) as database,
        open_broker(broker_url) as client,
        open_producer(broker_url, key_secret=key_secret) as producer,
    ):
        letter = Doubts(database, utc_now).settle(job_id, state, why=why)
        follow_up(letter, database=database, producer=producer, dead_letters=DeadLetters(client))
    report(_shown(letter, people=False), as_json=as_json)


def _require_possible(dead_letters: "DeadLetters", job_id: str) -> None:
    refused = dead_letters.requeue([job_id], dry_run=True).refused
    if refused:
        raise NotResent(
            f"the letter's job {job_id} cannot come back: {refused[job_id]}. Enqueue the letter with a higher round, "
            "and settle this one"
        )


def _shown(letter: "Delivery", *, people: bool) -> dict[str, object]:
    return {
        "job_id": letter.job_id,
        "kind": letter.kind,
        "document_id": letter.document_id,
        "round": letter.round,
        **({"address": letter.address} if people else {}),
        "state": letter.state,
        "since": letter.updated_at,
        "host": letter.host,
        "doubts": letter.doubts,
        "resend_allowed": letter.resend_allowed,
        "message_id": letter.message_id,
    }
