"""How far a letter came, who says so, and the rules by which one word about it follows another. No SQL in here.

What a server or a person reports climbs: accepted, bounced, complained. A report therefore never takes back what is
known, and any number of reports leads to one end, in whatever order they come and however often.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from buffrsign.core.errors import Permanent
from buffrsign.jobs import CONTRACTS, Queue
from buffrsign.jobs.email import WhyUnreached

LONGEST_WORDS = 2000
LONGEST_HOST = 255
EXPECTED_ON_DOUBT = "`kind=hold` or `kind=resend_once`, with commas between"


class State(StrEnum):
    """How far a letter came."""

    HANDING_OVER = "handing_over"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"


class Source(StrEnum):
    """Who says how far a letter came."""

    SMTP = "smtp"
    DSN = "dsn"
    WEBHOOK = "webhook"
    PERSON = "person"
    POLICY = "policy"


class Event(StrEnum):
    """What is reported of a letter after it was handed over."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class OnDoubt(StrEnum):
    """What follows when nobody heard whether a letter was taken."""

    HOLD = "hold"
    RESEND_ONCE = "resend_once"


class OnDoubtRefused(Permanent):
    """The text says of no kinds of letters what follows a doubt."""


@dataclass(frozen=True)
class Words:
    """What was said of a letter: the very words, the host they are of, and the enhanced status code (RFC 3463)."""

    source: Source
    host: str = ""
    response: str = ""
    status: str = ""


STATE_OF = {Event.DELIVERED: State.ACCEPTED, Event.BOUNCED: State.BOUNCED, Event.COMPLAINED: State.COMPLAINED}
"""Where an event leads. One that says "later" leads nowhere: it is noted."""

HANDED_OVER = frozenset({State.HANDING_OVER, State.UNCERTAIN, State.ACCEPTED, State.BOUNCED, State.COMPLAINED})
"""The states that a report may be about."""

_HEIGHT = {State.ACCEPTED: 1, State.BOUNCED: 2, State.COMPLAINED: 3}
_OPEN = frozenset({State.HANDING_OVER, State.UNCERTAIN})
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ABOUT_SIZE = frozenset({"5.2.3", "5.3.4"})
_ABOUT_THE_MAILBOX = re.compile(r"5\.(1\.(1|2|3|6|10)|2\.1)")


def after_report(now: State, event: Event) -> State:
    """The state that a letter has once an event was reported: it climbs, or stays.

    A suppressed letter stays so: it was not sent, and what is reported is about something else.
    """
    said = STATE_OF.get(event)
    if said is None or now is State.SUPPRESSED:
        return now
    return max(now, said, key=lambda state: _HEIGHT.get(state, 0))


def may_settle(now: State, said: State, *, holds_claim: bool) -> bool:
    """Whether a hand-over that ended may still write its end.

    That a server took the letter is a fact, however late it is told, and MUST be written before anybody sends it again.
    Any other end counts only from the try that holds the claim: an older one knows nothing of the present one.
    """
    if said is State.ACCEPTED:
        return _HEIGHT.get(now, 0) == 0
    return holds_claim and now in _OPEN


def status_in(response: str) -> str:
    """The first enhanced status code in a server's words, such as 5.1.1, or nothing (RFC 2034, 4)."""
    found = _STATUS.search(response)
    return found[1] if found else ""


def why_unreached(response: str) -> WhyUnreached:
    """Why a letter did not reach somebody, by the enhanced status code in a server's words (RFC 3463, 3.2 and 3.3)."""
    status = status_in(response)
    if is_about_the_mailbox(status):
        return WhyUnreached.NO_SUCH_ADDRESS
    return WhyUnreached.MAILBOX_FULL if status.endswith(".2.2") else WhyUnreached.REFUSED


def is_about_the_mailbox(status: str) -> bool:
    """Whether a 5xx at once says that the mailbox is not there (RFC 3463, 3.2 and 3.3), rather than that we may not.

    A refusal without such a code may be about our own name, our TLS or the letter, so it suppresses nobody.
    """
    return _ABOUT_THE_MAILBOX.fullmatch(status) is not None


def is_about_size(status: str, response: str) -> bool:
    """Whether a refusal says that the message is too large (RFC 3463, 3.3 and 3.4), so that a smaller one may go.

    Without a code, 552 is taken for that; it may also mean that the mailbox is full (RFC 5321, 4.2.2).
    """
    return status in _ABOUT_SIZE or (not status and response.startswith("552"))


def as_words(text: str, *, at_most: int = LONGEST_WORDS) -> str:
    """Text from outside as the record keeps it: one line, of bounded length, and valid in every database."""
    kept = text[: 4 * at_most].encode("utf-8", "replace").decode()
    return " ".join("".join(character if character.isprintable() else " " for character in kept).split())[:at_most]


def read_on_doubt(text: str) -> dict[str, OnDoubt]:
    """What follows a doubt, by kind, from `email.one_time_code=resend_once,…`; kinds that are not named hold.

    Raises:
        OnDoubtRefused: a part is no kind of letter, or its value neither `hold` nor `resend_once`.
    """
    return dict(_kind_and_policy(part.strip()) for part in text.split(",") if part.strip())


def _kind_and_policy(part: str) -> tuple[str, OnDoubt]:
    kind, _, policy = part.partition("=")
    contract = CONTRACTS.get(kind)
    if contract is None or contract.queue is not Queue.EMAIL:
        letters = sorted(known for known, contract in CONTRACTS.items() if contract.queue is Queue.EMAIL)
        raise OnDoubtRefused(f"{kind[:80]!r} is no kind of letter; known are: {', '.join(letters)}")
    try:
        return kind, OnDoubt(policy)
    except ValueError as error:
        raise OnDoubtRefused(f"{kind} may be {' or '.join(OnDoubt)}, and nothing else") from error


def resends(policies: Mapping[str, OnDoubt], kind: str, *, doubts: int) -> bool:
    """Whether a letter goes out once more by itself: after its first doubt, where its kind says so."""
    return doubts == 1 and policies.get(kind, OnDoubt.HOLD) is OnDoubt.RESEND_ONCE
