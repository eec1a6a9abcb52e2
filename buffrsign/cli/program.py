"""All commands of `buffrsign`, and how their errors look: one sentence on standard error, exit code 1, no traceback."""

from typing import Any

import click

from buffrsign.cli.audit import audit
from buffrsign.cli.dead import dead
from buffrsign.cli.jobs import jobs
from buffrsign.cli.limits import limits
from buffrsign.cli.mail import mail
from buffrsign.cli.outbox import outbox
from buffrsign.cli.pausing import pause, resume
from buffrsign.cli.queues import ping, queues
from buffrsign.cli.requests import requests
from buffrsign.core.errors import BuffrSignError


class _Program(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; its errors become click's, which prints them and exits with 1."""
        try:
            return super().invoke(ctx)
        except (BuffrSignError, TimeoutError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="buffrsign")
def program() -> None:
    """Look after BuffrSign's jobs, queues, dead letters, audit ledger, signature requests, outboxes and letters.

    Every command takes --json for machines. It ends with 0 when all is well, with 1 and a sentence on standard error
    when it is not, and with 2 when it was called wrongly.
    """


for command in (jobs, queues, ping, pause, resume, limits, dead, audit, requests, outbox, mail):
    program.add_command(command)
