"""How bytes come into storage: the catalog refers to them first, then they are put.

In this order a crash leaves at worst a row whose bytes are missing, which the repeat heals; in the other order it
would leave bytes that nothing ever deletes. They are put while nobody can delete the version they belong to.
"""

from datetime import datetime

from buffrsign.storage.blobs import LocalBlobs, digest_of
from buffrsign.storage.catalog import Catalog
from buffrsign.storage.document import Version


def take_in(
    data: bytes,
    *,
    document_id: str,
    title: str,
    retain_until: datetime | None = None,
    catalog: Catalog,
    blobs: LocalBlobs,
) -> Version:
    """Store an upload; on return it survives a crash, and its jobs may be enqueued."""
    version = catalog.add(document_id, digest_of(data), size_bytes=len(data), title=title, retain_until=retain_until)
    with catalog.while_live(document_id, version.sha256):
        blobs.put(data)
    return version


def attach(data: bytes, *, to: Version, catalog: Catalog, blobs: LocalBlobs) -> str:
    """Store a blob made from a version, such as a thumbnail, and return its digest.

    Raises:
        DocumentUnknown, VersionDeleted: the version went meanwhile; nothing was stored.
    """
    catalog.attach(to.document_id, to.sha256, blob=digest_of(data))
    with catalog.while_live(to.document_id, to.sha256):
        return blobs.put(data)
