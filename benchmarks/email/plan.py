"""What is measured, in which order, and how much of it."""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """A way to send letters. All but the first two are `smtplib` loops, told apart by who builds the messages."""

    OURS = "ours"
    RAW = "raw"
    STDLIB = "stdlib"
    MIMETEXT = "mimetext"
    OUR_WRITER = "our_writer"


LABELS = {
    Way.OURS: "ours: rendered, claimed, recorded",
    Way.RAW: "the sink's ceiling: a raw socket",
    Way.STDLIB: "smtplib, EmailMessage",
    Way.MIMETEXT: "smtplib, MIMEText",
    Way.OUR_WRITER: "smtplib, our writer",
}

BASELINE = Way.STDLIB
"""What the ratios are to: `smtplib` and `email` as their documentation has them."""


@dataclass(frozen=True)
class Plan:
    """How often everything is measured, in turns, with how many letters, and how many reminders are due at once."""

    rounds: int
    letters: int
    reminders: int

    def of_loop(self, way: Way) -> int:
        """How many letters a loop sends: more where they are gone in a moment."""
        return self.letters * (5 if way is Way.RAW else 1)


FULL = Plan(rounds=3, letters=1500, reminders=10_000)
QUICK = Plan(rounds=1, letters=800, reminders=1000)
