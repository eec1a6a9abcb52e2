"""The words of a letter: its job's fields, as its reader's language writes them, and what follows from them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from buffrsign.core.errors import Permanent
from buffrsign.jobs.email import Letter, SignatureReminderEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.catalogue import NAMIBIAN_TIME, Catalogue
from buffrsign.mail.enclosures import Enclosed, Linked
from buffrsign.mail.message import one_line

Words = dict[str, object]

_HAS_LINES = frozenset({"message", "reason"})
_ESCALATION = {1: "first", 2: "second"}


class LinkRefused(Permanent):
    """A letter's URL is none of the web. Contracts refuse such a URL; this is for a job that passed none."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is no http:// or https:// address, so the letter was not written; enqueue it anew")


def words_of(
    job: Letter, *, product: str, catalogue: Catalogue, now: datetime, enclosed: Enclosed | None = None
) -> Words:
    """All words of one letter, which comes with the file that is `enclosed`.

    Raises:
        LinkRefused: a URL is neither http nor https.
    """
    fields = msgspec.structs.asdict(job)
    words = {name: _sayable(name, value, catalogue) for name, value in fields.items() if name != "wording"}
    words |= {"name": one_line(job.recipient.name), "product": product}
    return words | _choices(job, words, now=now) | _of_file(enclosed, catalogue)


def _sayable(name: str, value: object, catalogue: Catalogue) -> object:
    match value:
        case StrEnum():
            return value.value
        case str():
            return _text(name, value)
        case datetime():
            return catalogue.moment(value)
        case Recipient():
            return one_line(f"{value.name} ({value.email})" if value.name else value.email)
        case tuple():
            return tuple(one_line(str(item)) for item in value)
    return value


def _text(name: str, text: str) -> object:
    if name.endswith("_url") and not text.startswith(("https://", "http://")):
        raise LinkRefused(name)
    if name in _HAS_LINES:
        return tuple(one_line(line) for line in text.splitlines())
    return one_line(text)


def _choices(job: Letter, words: Words, *, now: datetime) -> Words:
    """The words that choose among the variants of a sentence; see `outlines.CHOICES`."""
    chosen: Words = {
        "addressed": _named(words["name"]),
        "sender": _named(words.get("sender_name")),
        "signer": _named(words.get("signer_name")),
        "former": _named(words.get("former_name")),
        "minutes": "one" if words.get("minutes_valid") == 1 else "many",
        "counted": words.get("asked") and words.get("signed") is not None,
        "remaining": None,
        "days_left": None,
    }
    if isinstance(job, SignatureReminderEmail):
        chosen["escalation"] = _ESCALATION.get(job.round, "later")
    expires_at = getattr(job, "expires_at", None)
    if expires_at is not None and expires_at > now:
        days = (expires_at.astimezone(NAMIBIAN_TIME).date() - now.astimezone(NAMIBIAN_TIME).date()).days
        chosen |= {"remaining": {0: "today", 1: "one_day"}.get(days, "days"), "days_left": days}
    return chosen


def _of_file(enclosed: Enclosed | None, catalogue: Catalogue) -> Words:
    words: Words = {"enclosed": None, "download_url": None, "available_until": None}
    if enclosed is not None:
        words |= {"enclosed": enclosed.form, "download_url": enclosed.url}
        if isinstance(enclosed.enclosure, Linked):
            words["available_until"] = catalogue.moment(enclosed.enclosure.until)
    return words


def _named(name: object) -> str:
    return "named" if name else "unnamed"
