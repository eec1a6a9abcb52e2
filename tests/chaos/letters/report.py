"""What came of a run: a line for each person, and the figures that have to be zero."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from buffrsign.mail.rows import Delivery
from buffrsign.mail.states import State
from tests.chaos.letters.run import SENDER, Seen, address_of

MUST_BE_ZERO = ("received_twice", "lost", "recorded_wrongly", "audited_wrongly", "unfinished")
_REQUEST = "email.signature_request"


def summary(seen: Seen) -> dict[str, Any]:
    """The verdict, by the names that others read it by."""
    requests = {letter.address: letter for letter in seen.deliveries if letter.kind == _REQUEST}
    received = {address: len(seen.taken.get(address, [])) for address in _people(seen)}
    states = Counter(letter.state.value for letter in requests.values())
    return {
        "seed": seen.plan.seed,
        "recipients": seen.plan.recipients,
        "deliveries_of_each_message": 1 + seen.plan.copies,
        "kills": seen.kills,
        "states": dict(sorted(states.items())),
        "doubts_resolved": dict(Counter(seen.resolved.values())),
        "told_the_sender": len(seen.taken.get(SENDER, [])),
        "audit_entries": len(seen.entries),
        "ledger_verified": seen.is_ledger_whole,
        "received_twice": sum(count > 1 for count in received.values()),
        "lost": sum(address not in requests for address in received),
        "recorded_wrongly": sum(not _agrees(letter, received[letter.address]) for letter in requests.values()),
        "audited_wrongly": sum(_actions(seen, letter) != _expected(letter) for letter in requests.values()),
        "unfinished": seen.unfinished,
    }


def is_clean(verdict: dict[str, Any]) -> bool:
    """Whether nothing went wrong that must not."""
    return bool(verdict["ledger_verified"]) and not any(verdict[name] for name in MUST_BE_ZERO)


def show(seen: Seen, verdict: dict[str, Any], console: Console) -> None:
    """A table of people, and the verdict below it."""
    table = Table("recipient", "received", "record", "tries", "doubts", "in whose words", "audit", title="Who got what")
    for letter in sorted((each for each in seen.deliveries), key=lambda each: (each.kind != _REQUEST, each.address)):
        table.add_row(
            letter.address,
            str(len(seen.taken.get(letter.address, []))),
            letter.state.value,
            str(letter.attempts),
            str(letter.doubts or ""),
            f"{letter.source.value}: {letter.response}",
            ", ".join(_actions(seen, letter)),
        )
    console.print(table)
    for name, value in verdict.items():
        console.print(f"{name}: {value}")


def _people(seen: Seen) -> list[str]:
    return [address_of(number) for number in range(1, seen.plan.recipients + 1)]


def _agrees(letter: Delivery, received: int) -> bool:
    """Whether the record says what the mail server knows."""
    match letter.state:
        case State.ACCEPTED:
            return received == 1
        case State.BOUNCED:
            return received == 0
    return False


def _actions(seen: Seen, letter: Delivery) -> list[str]:
    """What the ledger says of a letter, in its order; a person's word with a star."""
    found = []
    for stored in seen.entries:
        details = stored.entry.details
        if (details.get("letter"), details.get("recipient_id")) == (letter.kind, letter.recipient_id):
            found.append(stored.entry.action + ("*" if "said_by" in details else ""))
    return found


def _expected(letter: Delivery) -> list[str]:
    """One entry for how it ended, and one before it for each doubt that it went through."""
    end = f"letter.{letter.state.value}" + ("*" if letter.source.value == "person" else "")
    return [*(["letter.uncertain"] if letter.doubts else []), end]
