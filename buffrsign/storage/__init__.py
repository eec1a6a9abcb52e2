"""Storage: blobs by their SHA-256, and the catalog that says which documents they are and how long they are kept."""

from buffrsign.storage.blobs import LARGEST_BYTES, Blobs, Staged, digest_of
from buffrsign.storage.catalog import Catalog
from buffrsign.storage.document import (
    Deletion,
    Document,
    DocumentState,
    DocumentUnknown,
    NotDue,
    PagePictures,
    Step,
    StepFinished,
    StoredPicture,
    Version,
    VersionDeleted,
)
from buffrsign.storage.errors import BlobDamaged, BlobMissing, BlobsUnavailable, BlobTooLarge
from buffrsign.storage.incoming import Incoming, receive
from buffrsign.storage.intake import attach, take_in
from buffrsign.storage.local import LocalBlobs

__all__ = [
    "LARGEST_BYTES",
    "BlobDamaged",
    "BlobMissing",
    "BlobTooLarge",
    "Blobs",
    "BlobsUnavailable",
    "Catalog",
    "Deletion",
    "Document",
    "DocumentState",
    "DocumentUnknown",
    "Incoming",
    "LocalBlobs",
    "NotDue",
    "PagePictures",
    "Staged",
    "Step",
    "StepFinished",
    "StoredPicture",
    "Version",
    "VersionDeleted",
    "attach",
    "digest_of",
    "receive",
    "take_in",
]
