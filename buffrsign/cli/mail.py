"""Letters: which are uncertain, which came back, and who gets none."""

import click

from buffrsign.cli.mail_bounces import bounces
from buffrsign.cli.mail_suppressed import suppressed
from buffrsign.cli.mail_uncertain import uncertain


@click.group()
def mail() -> None:
    """Decide about uncertain letters, take in bounces and complaints, and look after the suppression list."""


for command in (uncertain, bounces, suppressed):
    mail.add_command(command)
