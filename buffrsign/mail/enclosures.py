"""Enclosures: the file that a letter comes with: attached, behind a link that expires, or withheld with the reason."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from buffrsign.jobs.fields import Fact

Facts = Mapping[str, Fact]

NOTHING_ENCLOSED: Facts = MappingProxyType({})

ATTACHED = "attached"

_LINE_BYTES = 57  # makes 76 characters of base64 (RFC 2045, 6.8)


class WhyWithheld(StrEnum):
    """Why a letter comes without its file."""

    TOO_LARGE = "too_large"
    """For whoever takes the letter; and nobody serves links."""
    MISSING = "missing"
    DAMAGED = "damaged"
    DELETED = "deleted"
    """Its time of retention is over."""
    NOT_A_PDF = "not_a_pdf"
    """It is the picture or office file of which a PDF was made: what was signed must be another version."""


@dataclass(frozen=True)
class Attached:
    """The letter carries the file."""

    sha256: str
    size_bytes: int

    @property
    def facts(self) -> Facts:
        """What the delivery record and the ledger say of it."""
        return {"enclosure": ATTACHED, "sha256": self.sha256, "bytes": self.size_bytes}


@dataclass(frozen=True)
class Linked:
    """The letter has a link to the file."""

    sha256: str
    until: datetime

    @property
    def facts(self) -> Facts:
        """What the delivery record and the ledger say of it; never the link."""
        return {"enclosure": "linked", "sha256": self.sha256, "until": self.until.isoformat()}


@dataclass(frozen=True)
class Withheld:
    """The letter has neither, and says how else to come by the file."""

    sha256: str
    why: WhyWithheld

    @property
    def facts(self) -> Facts:
        """What the delivery record and the ledger say of it."""
        return {"enclosure": "withheld", "sha256": self.sha256, "why": self.why.value}


Enclosure = Attached | Linked | Withheld


@dataclass(frozen=True)
class Enclosed:
    """An enclosure with what its letter needs: the file's bytes, or the link, which is a secret."""

    enclosure: Enclosure
    content: bytes | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)

    @property
    def form(self) -> str:
        """Which sentence the letter says of it; one of `outlines.CHOICES["enclosed"]`."""
        match self.enclosure:
            case Attached():
                return ATTACHED
            case Linked():
                return "linked"
            case Withheld(why=WhyWithheld.TOO_LARGE):
                return "too_large"
            case Withheld():
                return "unavailable"


@dataclass(frozen=True)
class StoredFile:
    """A file as storage knows it, unread. It may be deleted after `kept_until`; None: it is kept."""

    document_id: str
    sha256: str
    size_bytes: int
    kept_until: datetime | None = None


@dataclass(frozen=True)
class Tries:
    """What became of a letter with its file so far: hand-overs of this round; and whether any was found too large."""

    attached: int = 0
    too_large: bool = False


class Files(Protocol):
    """Where the files are that letters come with. Both may raise Transient: storage is away."""

    def find(self, document_id: str, sha256: str) -> StoredFile | WhyWithheld:
        """What is known of a file, without reading it."""
        ...

    def read(self, file: StoredFile) -> bytes | WhyWithheld:
        """Its bytes, verified against its digest."""
        ...


def is_attached(enclosed: Facts) -> bool:
    """Whether these are the facts of a file that its letter carries."""
    return enclosed.get("enclosure") == ATTACHED


def in_base64(content: bytes) -> str:
    """The content as a message carries it, in lines of 76 characters."""
    return base64.encodebytes(content).decode("ascii")


def encoded_bytes(size_bytes: int) -> int:
    """How long so many bytes are as a message carries them, with each line's CRLF: a good third longer."""
    return 4 * -(-size_bytes // 3) + 2 * -(-size_bytes // _LINE_BYTES)
