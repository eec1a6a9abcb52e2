"""What the catalog knows of a document, as values, and the errors of asking for what it does not know."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from buffrsign.core.errors import Permanent


class DocumentUnknown(Permanent):
    """The catalog has no such document, or no such version of it."""

    def __init__(self, document_id: str, sha256: str | None = None) -> None:
        what = f"document {document_id}" if sha256 is None else f"version {sha256} of document {document_id}"
        super().__init__(f"{what} is not in the catalog; upload it first")
        self.document_id = document_id
        self.sha256 = sha256


class VersionDeleted(Permanent):
    """The version's bytes are gone, so nothing more can be done with it."""

    def __init__(self, document_id: str, sha256: str) -> None:
        super().__init__(f"version {sha256} of document {document_id} was deleted; upload it again to go on with it")
        self.document_id = document_id
        self.sha256 = sha256


class DocumentState(StrEnum):
    """Where a document is in its life. `held` is a finding to look at; what stops deletion is `on_hold`."""

    RECEIVED = "received"
    PROCESSING = "processing"
    READY = "ready"
    HELD = "held"
    DELETED = "deleted"


class Step(StrEnum):
    """What is done once to every version of a document."""

    INSPECT = "inspect"
    THUMBNAILS = "thumbnails"
    ANALYSIS = "analysis"
    PREVIEWS = "previews"
    FIELDS = "fields"
    COMPLIANCE_RECEIVED = "compliance.received"
    SANITISE = "sanitise"
    SANITISE_EVEN_SIGNED = "sanitise.even_signed"
    COMPLETE = "complete"


@dataclass(frozen=True)
class Document:
    """A document as a whole. `on_hold`: it is kept even past `retain_until`, which is None for "for ever"."""

    document_id: str
    title: str
    created_at: datetime
    retain_until: datetime | None
    on_hold: bool
    state: DocumentState
    state_reason: str


@dataclass(frozen=True)
class Version:
    """One upload of a document; `number` counts from 1, and the highest is the latest."""

    document_id: str
    sha256: str
    number: int
    stored_at: datetime
    size_bytes: int
    deleted_at: datetime | None


@dataclass(frozen=True)
class StoredPicture:
    """A picture of a page: the digest of its blob, and its size."""

    blob: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class PagePictures:
    """What there is of a page, counted from 1: pictures by name, or the `reason` why there are none."""

    page: int
    pictures: dict[str, StoredPicture]
    reason: str = ""


@dataclass(frozen=True)
class StepFinished:
    """`first`: nobody recorded this step before. `completed_set`: the caller is the one to hand the document on."""

    first: bool
    completed_set: bool


@dataclass(frozen=True)
class Deletion:
    """The version is being deleted, and nothing refers to these blobs any more."""

    unused_blobs: tuple[str, ...]


@dataclass(frozen=True)
class NotDue:
    """The version stays: it is on hold, its time has not come, or somebody else has just deleted it."""
