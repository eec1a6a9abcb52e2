"""Letters: how they look, which are uncertain, which came back, and who gets none."""

import click

from buffrsign.cli.mail_bounces import bounces
from buffrsign.cli.mail_preview import preview
from buffrsign.cli.mail_suppressed import suppressed
from buffrsign.cli.mail_uncertain import uncertain


@click.group()
def mail() -> None:
    """See how letters look, decide about uncertain ones, take in bounces, and look after the suppression list."""


for command in (preview, uncertain, bounces, suppressed):
    mail.add_command(command)
