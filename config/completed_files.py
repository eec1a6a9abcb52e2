"""The files of completed documents, as letters ask for them, out of storage."""

from buffrsign.mail.enclosures import StoredFile, WhyWithheld
from buffrsign.storage import (
    BlobDamaged,
    BlobMissing,
    Blobs,
    BlobTooLarge,
    Catalog,
    DocumentUnknown,
    Step,
    VersionDeleted,
)


class CompletedFiles:
    """Versions of the catalog and their blobs. Both methods raise BlobsUnavailable while storage is away."""

    def __init__(self, catalog: Catalog, blobs: Blobs) -> None:
        self._catalog = catalog
        self._blobs = blobs

    def find(self, document_id: str, sha256: str) -> StoredFile | WhyWithheld:
        """What the catalog says of the version, if its blob is there."""
        try:
            version = self._catalog.live_version(document_id, sha256)
            document = self._catalog.document(document_id)
        except DocumentUnknown:
            return WhyWithheld.MISSING
        except VersionDeleted:
            return WhyWithheld.DELETED
        if self._catalog.results(document_id, version.sha256).get(Step.INSPECT, {}).get("converted_from"):
            return WhyWithheld.NOT_A_PDF
        if not self._blobs.has(sha256):
            return self._missing()
        kept_until = None if document.on_hold else document.retain_until
        return StoredFile(document_id, sha256, version.size_bytes, kept_until)

    def read(self, file: StoredFile) -> bytes | WhyWithheld:
        """The blob, verified; it may have gone since it was found."""
        try:
            return self._blobs.get(file.sha256, at_most_bytes=file.size_bytes)
        except BlobMissing:
            return self._missing()
        except (BlobDamaged, BlobTooLarge):  # one that grew is not what was put
            return WhyWithheld.DAMAGED

    def _missing(self) -> WhyWithheld:
        self._blobs.require_mounted()
        return WhyWithheld.MISSING
