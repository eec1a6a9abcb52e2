"""Bounces and complaints: what came back, read from where the mail server puts it."""
# ruff: noqa: PLC0415

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buffrsign.cli.connections import open_broker, open_database, open_producer
from buffrsign.cli.options import as_json, broker_url, database_url, key_secret
from buffrsign.cli.output import print_json, print_rows
from buffrsign.core.clock import utc_now

if TYPE_CHECKING:
    from buffrsign.broker.dead_letters import DeadLetters
    from buffrsign.core.sql import Database
    from buffrsign.mail.intake import Incoming
    from buffrsign.mail.reports import Report, Reported
    from buffrsign.producer import Producer

_COLUMNS = ("message", "outcome", "event", "was", "state", "suppressed", "job_id", "kind", "document_id", "round")
_CANNOT_BE_OPENED = "cannot_be_opened"


@click.command()
@click.argument("stream", metavar="[-]", required=False)
@click.option("--folder", type=click.Path(path_type=Path), help="A Maildir, or a folder of .eml files.")
@click.option("--mbox", type=click.Path(path_type=Path), help="An mbox file, which stays as it is.")
@database_url
@broker_url
@key_secret
@as_json
def bounces(
    stream: str | None,
    *,
    folder: Path | None,
    mbox: Path | None,
    database_url: str,
    broker_url: str,
    key_secret: str | None,
    as_json: bool,
) -> None:
    """Take in delivery status notifications and complaints: from a folder, an mbox, or one message on standard input.

    Each changes the letter that it is about, and may suppress its mailbox. What was read is put away: in `cur` of a
    Maildir, in `done` of another folder; what cannot be read goes to `unreadable`. Reading twice changes nothing.
    """
    from buffrsign.broker.dead_letters import DeadLetters

    messages = _messages(stream, folder, mbox)
    with (
        open_database(database_url) as database,
        open_broker(broker_url) as client,
        open_producer(broker_url, key_secret=key_secret) as producer,
    ):
        desk = _Desk(database, producer, DeadLetters(client))
        told = [line for message in messages for line in desk.take_in(message)]
    if as_json:
        print_json(told)
    elif told:
        print_rows(_COLUMNS, [[line.get(name) for name in _COLUMNS] for line in told])
    else:
        click.echo("There is no new message.")


class _Desk:
    """Takes in messages, one after the other."""

    def __init__(self, database: "Database", producer: "Producer", dead_letters: "DeadLetters") -> None:
        from buffrsign.mail.record import DeliveryRecord

        self._database = database
        self._record = DeliveryRecord(database, clock=utc_now)
        self._producer = producer
        self._dead_letters = dead_letters

    def take_in(self, message: "Incoming") -> Iterator[dict[str, object]]:
        """Write what it reports, follow it up, and only then put the message away."""
        from buffrsign.mail.bounces import Nothing, read_message

        if message.data is None:
            yield {"message": message.name, "outcome": _CANNOT_BE_OPENED}
            return
        reports = read_message(message.data, now=utc_now())
        if isinstance(reports, Nothing):
            yield {"message": message.name, "outcome": reports}
            is_readable = reports in {Nothing.NO_REPORT, Nothing.NO_COMPLAINT}
            (message.read if is_readable else message.unreadable)()
            return
        for report in reports:
            yield {"message": message.name, **self._report(report)}
        message.read()

    def _report(self, report: "Report") -> dict[str, object]:
        from buffrsign.cli.mail_follow_up import follow_up
        from buffrsign.mail.reports import Outcome
        from buffrsign.mail.states import Source

        reported = self._record.report(report)
        letter = reported.delivery
        is_news = reported.outcome in {Outcome.CHANGED, Outcome.REPEATED}  # a repeat may follow a crash before this
        if letter is not None and is_news and letter.source is not Source.SMTP:
            follow_up(letter, database=self._database, producer=self._producer, dead_letters=self._dead_letters)
        return _shown(report, reported)


def _messages(stream: str | None, folder: Path | None, mbox: Path | None) -> "Iterable[Incoming]":
    from buffrsign.mail.intake import message_in_stream, messages_in_folder, messages_in_mbox

    if sum((stream is not None, folder is not None, mbox is not None)) != 1 or stream not in {None, "-"}:
        raise click.UsageError("give --folder, or --mbox, or - for standard input")
    if folder is not None:
        return messages_in_folder(folder)
    return messages_in_mbox(mbox) if mbox is not None else [message_in_stream(sys.stdin.buffer)]


def _shown(report: "Report", reported: "Reported") -> dict[str, object]:
    letter = reported.delivery
    about_letter: dict[str, object] = {}
    if letter is not None:
        about_letter = {
            "state": letter.state,
            "job_id": letter.job_id,
            "kind": letter.kind,
            "document_id": letter.document_id,
            "round": letter.round,
        }
    return {
        "outcome": reported.outcome,
        "event": report.event,
        "was": reported.was,
        "suppressed": reported.suppressed,
        **about_letter,
    }
