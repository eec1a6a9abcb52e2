"""How bytes come into storage: the catalog refers to them first, then they are put.

In this order a crash leaves at worst a row whose bytes are missing, which the repeat heals; in the other order it
would leave bytes that nothing ever deletes. What takes long, sending them, is done before the lock is taken; they
become a blob while nobody can delete the version they belong to.
"""

from datetime import datetime

from buffrsign.storage.blobs import Blobs
from buffrsign.storage.catalog import Catalog
from buffrsign.storage.document import Version
from buffrsign.storage.incoming import Incoming


def take_in(
    data: bytes | Incoming,
    *,
    document_id: str,
    title: str,
    retain_until: datetime | None = None,
    catalog: Catalog,
    blobs: Blobs,
) -> Version:
    """Store an upload; on return it survives a crash, and its jobs may be enqueued. A stream comes by `receive`."""
    incoming = data if isinstance(data, Incoming) else Incoming.of(data)
    version = catalog.add(
        document_id, incoming.sha256, size_bytes=incoming.size_bytes, title=title, retain_until=retain_until
    )
    _put(incoming, version, catalog=catalog, blobs=blobs)
    return version


def attach(data: bytes, *, to: Version, catalog: Catalog, blobs: Blobs) -> str:
    """Store a blob made from a version, such as a thumbnail, and return its digest.

    Raises:
        DocumentUnknown, VersionDeleted: the version went meanwhile; nothing was stored.
    """
    incoming = Incoming.of(data)
    catalog.attach(to.document_id, to.sha256, blob=incoming.sha256)
    _put(incoming, to, catalog=catalog, blobs=blobs)
    return incoming.sha256


def _put(incoming: Incoming, version: Version, *, catalog: Catalog, blobs: Blobs) -> None:
    with blobs.stage(incoming) as staged, catalog.while_live(version.document_id, version.sha256):
        staged.commit()
