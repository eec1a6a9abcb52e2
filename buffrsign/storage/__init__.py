"""Storage: blobs by their SHA-256, and the catalog that says which documents they are and how long they are kept."""

from buffrsign.storage.blobs import BlobDamaged, BlobMissing, BlobsUnavailable, LocalBlobs, digest_of
from buffrsign.storage.catalog import Catalog
from buffrsign.storage.document import (
    Deletion,
    Document,
    DocumentState,
    DocumentUnknown,
    NotDue,
    Step,
    StepFinished,
    Version,
    VersionDeleted,
)
from buffrsign.storage.intake import attach, take_in

__all__ = [
    "BlobDamaged",
    "BlobMissing",
    "BlobsUnavailable",
    "Catalog",
    "Deletion",
    "Document",
    "DocumentState",
    "DocumentUnknown",
    "LocalBlobs",
    "NotDue",
    "Step",
    "StepFinished",
    "Version",
    "VersionDeleted",
    "attach",
    "digest_of",
    "take_in",
]
