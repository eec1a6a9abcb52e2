"""How the catalog lies in its tables: each function is one question or one change, in the caller's transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from buffrsign.storage.document import Document, DocumentState, DocumentUnknown, Version, VersionDeleted
from buffrsign.storage.tables import attachments, documents, page_pictures, steps, versions


def document(connection: Connection, document_id: str) -> Document:
    """The document, or DocumentUnknown."""
    wanted = select(documents).where(documents.c.document_id == document_id)
    row = connection.execute(wanted).mappings().one_or_none()
    if row is None:
        raise DocumentUnknown(document_id)
    return Document(**{**row, "state": DocumentState(row["state"])})


def put_document(
    connection: Connection, document_id: str, *, title: str, retain_until: datetime | None, now: datetime
) -> None:
    """Insert the document, or begin its life anew for a new version."""
    fresh = {"title": title, "retain_until": retain_until, "state": DocumentState.RECEIVED, "state_reason": ""}
    if not change_document(connection, document_id, **fresh):
        row = {"document_id": document_id, "created_at": now, "on_hold": False, **fresh}
        connection.execute(insert(documents).values(row))


def change_document(connection: Connection, document_id: str, **columns: object) -> bool:
    """Set some columns; False when there is no such document."""
    change = update(documents).where(documents.c.document_id == document_id).values(columns)
    return connection.execute(change).rowcount == 1


def keep_at_least_until(connection: Connection, document_id: str, retain_until: datetime | None) -> None:
    """Lengthen how long a document is kept; None is for ever."""
    kept = document(connection, document_id).retain_until
    if kept is not None and (retain_until is None or retain_until > kept):
        change_document(connection, document_id, retain_until=retain_until)


def find_version(
    connection: Connection, document_id: str, sha256: str | None, *conditions: ColumnElement[bool]
) -> Version | None:
    """One version, or the latest without a digest, if it is there and meets the conditions."""
    wanted = select(versions).join(documents).where(versions.c.document_id == document_id, *conditions)
    if sha256 is not None:
        wanted = wanted.where(versions.c.sha256 == sha256)
    row = connection.execute(wanted.order_by(versions.c.number.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Version(**row)


def require_live(connection: Connection, document_id: str, sha256: str) -> None:
    """Raise DocumentUnknown or VersionDeleted unless the version is there."""
    version = find_version(connection, document_id, sha256)
    if version is None:
        raise DocumentUnknown(document_id, sha256)
    if version.deleted_at is not None:
        raise VersionDeleted(document_id, sha256)


def next_number(connection: Connection, document_id: str) -> int:
    """The number of the document's next version."""
    highest = select(func.coalesce(func.max(versions.c.number), 0)).where(versions.c.document_id == document_id)
    return int(connection.execute(highest).scalar_one()) + 1


def forget_version(connection: Connection, version: Version) -> None:
    """Remove a deleted version with its steps, so that the same bytes may come again and be worked on again."""
    for table in (steps, attachments, page_pictures, versions):
        its = (table.c.document_id == version.document_id, table.c.sha256 == version.sha256)
        connection.execute(delete(table).where(*its))


def has_live_version(connection: Connection, document_id: str) -> bool:
    """Whether any version of the document is not deleted."""
    live = select(versions.c.sha256).where(versions.c.document_id == document_id, versions.c.deleted_at.is_(None))
    return connection.execute(live.limit(1)).first() is not None


def is_attached(connection: Connection, document_id: str, sha256: str, blob: str) -> bool:
    """Whether the blob is noted as made from this version."""
    key = (attachments.c.document_id == document_id, attachments.c.sha256 == sha256, attachments.c.blob == blob)
    return connection.execute(select(attachments.c.blob).where(*key)).first() is not None


def steps_of(connection: Connection, document_id: str, sha256: str) -> list[Row[Any]]:
    """The version's finished steps, in the order in which they were recorded."""
    its = (steps.c.document_id == document_id, steps.c.sha256 == sha256)
    return list(connection.execute(select(steps).where(*its).order_by(steps.c.position)))


def pages_of(connection: Connection, document_id: str, sha256: str) -> list[Row[Any]]:
    """The version's pages that were looked at, in order."""
    its = (page_pictures.c.document_id == document_id, page_pictures.c.sha256 == sha256)
    return list(connection.execute(select(page_pictures).where(*its).order_by(page_pictures.c.page)))


def due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What makes a version of a document one to delete."""
    return (documents.c.retain_until <= now, documents.c.on_hold.is_(False), versions.c.deleted_at.is_(None))


def unused_blobs(connection: Connection, version: Version) -> tuple[str, ...]:
    """The blobs of a version that no live version refers to, of this document or any other."""
    its = (attachments.c.document_id == version.document_id, attachments.c.sha256 == version.sha256)
    blobs = [version.sha256, *connection.execute(select(attachments.c.blob).where(*its)).scalars()]
    live = versions.c.deleted_at.is_(None)
    uploaded = select(versions.c.sha256).where(versions.c.sha256.in_(blobs), live)
    attached = select(attachments.c.blob).join(versions).where(attachments.c.blob.in_(blobs), live)
    used = set(connection.execute(uploaded.union(attached)).scalars())
    return tuple(blob for blob in blobs if blob not in used)
