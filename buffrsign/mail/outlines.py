"""The outline of each letter: which sentences it has, in which order, and when; the same in every language.

The sentences themselves are in `templates/locales/<locale>.yaml`, under the letter's name (its kind without `email.`)
or, where several letters say the same, under `shared`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from buffrsign.jobs.email import WhyUnreached

SHARED = "shared"

CHOICES: dict[str, tuple[str, ...]] = {
    "addressed": ("named", "unnamed"),
    "sender": ("named", "unnamed"),
    "signer": ("named", "unnamed"),
    "former": ("named", "unnamed"),
    "escalation": ("first", "second", "later"),
    "remaining": ("today", "one_day", "days"),
    "minutes": ("one", "many"),
    "why": tuple(WhyUnreached),
    "enclosed": ("attached", "linked", "too_large", "unavailable"),
}
"""The words that choose among the variants of a sentence, and the variants that each of them has."""


@dataclass(frozen=True)
class Say:
    """One sentence, left out where the word `when` is empty. `by` names the word that chooses its variant."""

    key: str
    by: str | None = None
    when: str | None = None
    shared: bool = False

    def paths(self, letter: str) -> Iterator[str]:
        """Where a catalogue has this sentence, one path for each variant: `signature_request.asks.named`."""
        path = f"{SHARED if self.shared else letter}.{self.key}"
        if self.by is None:
            yield path
        else:
            yield from (f"{path}.{variant}" for variant in CHOICES[self.by])


@dataclass(frozen=True)
class Show:
    """One of the letter's own words, set apart from the sentences; left out where it is empty."""

    look: Literal["title", "quote", "items", "code"]
    word: str


@dataclass(frozen=True)
class Button:
    """A link that looks like a button, and the bare URL below it; left out where there is no URL."""

    url: str
    label: Say = Say("button")


Block = Say | Show | Button


@dataclass(frozen=True, kw_only=True)
class Outline:
    """One letter. A customer's own wording may replace `subject` and `opening`, and nothing else."""

    subject: Say
    preheader: Say
    opening: tuple[Say, ...]
    body: tuple[Block, ...]
    footer: tuple[Say, ...]

    def sentences(self) -> Iterator[Say]:
        """Every sentence that the letter may say."""
        yield from (self.subject, self.preheader, *self.opening, *self.footer)
        for block in self.body:
            match block:
                case Say():
                    yield block
                case Button(label=label):
                    yield label


GREETING = Say("greeting", by="addressed", shared=True)
LINK_HINT = Say("link_hint", shared=True)
MOMENT = Say("moment", shared=True)

TITLE = Show("title", "document_title")
SIGN = Button("signing_url")
OPEN = Button("document_url")
DOWNLOAD = Button("download_url", Say("download"))

_SENDER_WRITES = (Say("sender_writes", by="sender", when="message", shared=True), Show("quote", "message"))
_REASON = (Say("gives_reason", when="reason", shared=True), Show("quote", "reason"))
_UNTIL = Say("until", when="expires_at", shared=True)
_DAYS_LEFT = Say("days_left", by="remaining", when="remaining", shared=True)
_FOR_YOU_ALONE = Say("for_you_alone", shared=True)
_NOT_EXPECTED = Say("not_expected", shared=True)
_DECLINE_INSTEAD = Say("decline_instead", shared=True)

OUTLINES: dict[str, Outline] = {
    "email.signature_request": Outline(
        subject=Say("subject", by="sender"),
        preheader=Say("preheader"),
        opening=(Say("asks", by="sender"),),
        body=(TITLE, *_SENDER_WRITES, SIGN, _UNTIL),
        footer=(_FOR_YOU_ALONE, _NOT_EXPECTED),
    ),
    "email.signature_reminder": Outline(
        subject=Say("subject", by="escalation"),
        preheader=Say("preheader", by="escalation"),
        opening=(Say("asked", by="sender"), Say("urges", by="escalation")),
        body=(TITLE, SIGN, _UNTIL, _DAYS_LEFT),
        footer=(_DECLINE_INSTEAD, _FOR_YOU_ALONE),
    ),
    "email.last_chance": Outline(
        subject=Say("subject"),
        preheader=Say("preheader"),
        opening=(Say("asked", by="sender"), Say("warns")),
        body=(TITLE, SIGN, _UNTIL, _DAYS_LEFT, Say("afterwards")),
        footer=(_DECLINE_INSTEAD, _FOR_YOU_ALONE),
    ),
    "email.signer_reassigned": Outline(
        subject=Say("subject", by="sender"),
        preheader=Say("preheader"),
        opening=(Say("passed_on", by="former"),),
        body=(TITLE, *_SENDER_WRITES, SIGN, _UNTIL),
        footer=(_FOR_YOU_ALONE, _NOT_EXPECTED),
    ),
    "email.document_completed": Outline(
        subject=Say("subject"),
        preheader=Say("preheader"),
        opening=(Say("everyone_signed"),),
        body=(
            TITLE,
            Say("completed_on", when="completed_at"),
            Say("file", by="enclosed", when="enclosed"),
            DOWNLOAD,
            OPEN,
        ),
        footer=(Say("nothing_to_do"), Say("for_you_alone", when="download_url", shared=True)),
    ),
    "email.request_declined": Outline(
        subject=Say("subject", by="signer"),
        preheader=Say("preheader"),
        opening=(Say("declined", by="signer"),),
        body=(TITLE, *_REASON, Say("declined_on", when="declined_at"), OPEN),
        footer=(Say("what_next"),),
    ),
    "email.request_expired": Outline(
        subject=Say("subject"),
        preheader=Say("preheader"),
        opening=(Say("expired"),),
        body=(TITLE, Say("expired_on", when="expired_at"), Say("how_many", when="counted"), OPEN),
        footer=(Say("what_next"),),
    ),
    "email.request_voided": Outline(
        subject=Say("subject", by="sender"),
        preheader=Say("preheader"),
        opening=(Say("withdrew", by="sender"),),
        body=(TITLE, *_REASON, Say("voided_on", when="voided_at")),
        footer=(Say("nothing_to_do"),),
    ),
    "email.compliance_alert": Outline(
        subject=Say("subject"),
        preheader=Say("preheader"),
        opening=(Say("found"),),
        body=(
            TITLE,
            Say("findings_follow", when="findings"),
            Show("items", "findings"),
            Say("checked_on", when="checked_at"),
            OPEN,
        ),
        footer=(Say("automatic"),),
    ),
    "email.delivery_failed": Outline(
        subject=Say("subject"),
        preheader=Say("preheader"),
        opening=(Say("not_reached"),),
        body=(TITLE, Say("because", by="why"), Say("advice", by="why"), OPEN),
        footer=(Say("automatic"),),
    ),
    "email.one_time_code": Outline(
        subject=Say("subject"),
        preheader=Say("preheader"),
        opening=(Say("enter_it"),),
        body=(Show("code", "code"), Say("valid_for", by="minutes")),
        footer=(Say("keep_it"), _NOT_EXPECTED),
    ),
}


def name_of(kind: str) -> str:
    """The name under which catalogues have the sentences of a kind: `signature_request`."""
    return kind.rpartition(".")[2]


def required_paths() -> frozenset[str]:
    """Every sentence that a catalogue MUST have, and beside `shared.months` no other."""
    said = [(name_of(kind), sentence) for kind, outline in OUTLINES.items() for sentence in outline.sentences()]
    said += [(SHARED, sentence) for sentence in (GREETING, LINK_HINT, MOMENT)]
    return frozenset(path for letter, sentence in said for path in sentence.paths(letter))
