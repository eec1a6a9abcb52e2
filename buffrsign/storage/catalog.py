"""The catalog of documents in SQL: their versions, the steps done to each, and how long they are kept.

Its rule with the blobs, which a crash at any instant keeps: the catalog refers to a blob before the blob is put
(`intake`), and a blob is removed inside `deleting`, under the write lock, when nothing refers to it. So every blob
has a row that will lead to its deletion, and no upload loses its bytes to the deletion of another.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from buffrsign.core.clock import Clock
from buffrsign.core.sql import Database
from buffrsign.storage import rows
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
from buffrsign.storage.tables import attachments, documents, page_pictures, steps, versions

_NOT_DELETED = frozenset(DocumentState) - {DocumentState.DELETED}


class Catalog:
    """Every document of one database."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self, document_id: str, sha256: str, *, size_bytes: int, title: str, retain_until: datetime | None = None
    ) -> Version:
        """Note an upload, before its blob is put; the same digest again is the same version, unless it was deleted.

        A new version makes the document `received`, and decides its title and how long all of it is kept. The same
        version again may lengthen that, and never shortens it.
        """
        now = self._clock()
        with self._database.write() as connection:
            version = rows.find_version(connection, document_id, sha256)
            if version is not None and version.deleted_at is None:
                rows.keep_at_least_until(connection, document_id, retain_until)
                return version
            rows.put_document(connection, document_id, title=title, retain_until=retain_until, now=now)
            number = rows.next_number(connection, document_id)
            if version is not None:
                rows.forget_version(connection, version)
            version = Version(document_id, sha256, number, now, size_bytes, deleted_at=None)
            connection.execute(insert(versions).values(vars(version)))
            return version

    def document(self, document_id: str) -> Document:
        """The document as a whole.

        Raises:
            DocumentUnknown: nobody uploaded it.
        """
        with self._database.read() as connection:
            return rows.document(connection, document_id)

    def version(self, document_id: str, sha256: str | None = None) -> Version:
        """One version, or the latest; a deleted one is still known, and says so.

        Raises:
            DocumentUnknown: nobody uploaded it.
        """
        with self._database.read() as connection:
            version = rows.find_version(connection, document_id, sha256)
        if version is None:
            raise DocumentUnknown(document_id, sha256)
        return version

    def live_version(self, document_id: str, sha256: str | None = None) -> Version:
        """As `version`, for whoever is about to work on it.

        Raises:
            DocumentUnknown: nobody uploaded it.
            VersionDeleted: its time was over, even if another document still has the same bytes.
        """
        version = self.version(document_id, sha256)
        if version.deleted_at is not None:
            raise VersionDeleted(version.document_id, version.sha256)
        return version

    def attach(self, document_id: str, sha256: str, *, blob: str) -> None:
        """Note that a blob, before it is put, is made from this version and goes when the version goes.

        Raises:
            DocumentUnknown, VersionDeleted: there is no such version to attach to.
        """
        row = {"document_id": document_id, "sha256": sha256, "blob": blob}
        with self._database.write() as connection:
            rows.require_live(connection, document_id, sha256)
            if not rows.is_attached(connection, document_id, sha256, blob):
                connection.execute(insert(attachments).values(row))

    @contextmanager
    def while_live(self, document_id: str, sha256: str) -> Iterator[None]:
        """Nobody deletes the version inside the block. It holds the write lock: keep it short.

        Raises:
            DocumentUnknown, VersionDeleted: there is no such version.
        """
        with self._database.write() as connection:
            rows.require_live(connection, document_id, sha256)
            yield

    def finish_step(
        self, document_id: str, sha256: str, step: Step, result: Mapping[str, object], *, of: frozenset[Step]
    ) -> StepFinished:
        """Record that a step is done, by compare-and-set: the first result stays.

        `completed_set` holds for one step only, the one of `of` that was recorded last, and for every call that
        records or repeats it once all of `of` are done. So one caller goes on, and if it dies before it handed the
        document on, its redelivery goes on; the job it enqueues needs a key.

        Raises:
            DocumentUnknown, VersionDeleted: there is no such version to work on.
        """
        now = self._clock()
        with self._database.write() as connection:
            rows.require_live(connection, document_id, sha256)
            done = [row.step for row in rows.steps_of(connection, document_id, sha256)]
            first = step not in done
            if first:
                where = {"document_id": document_id, "sha256": sha256, "step": step, "position": len(done)}
                connection.execute(insert(steps).values(**where, finished_at=now, result=dict(result)))
                done.append(step)
        wanted = [each for each in done if each in of]
        return StepFinished(first, completed_set=len(wanted) == len(of) and wanted[-1:] == [step])

    def results(self, document_id: str, sha256: str) -> dict[Step, dict[str, Any]]:
        """What each finished step reported; steps that only a newer release knows are left out."""
        with self._database.read() as connection:
            found = rows.steps_of(connection, document_id, sha256)
        return {Step(row.step): row.result for row in found if row.step in set(Step)}

    def put_pages(self, document_id: str, sha256: str, pages: Iterable[PagePictures]) -> None:
        """Note what there is of some pages, after their pictures were attached; what is known of a page stays.

        Raises:
            DocumentUnknown, VersionDeleted: there is no such version to work on.
        """
        with self._database.write() as connection:
            rows.require_live(connection, document_id, sha256)
            known = {row.page for row in rows.pages_of(connection, document_id, sha256)}
            fresh = [
                {"document_id": document_id, "sha256": sha256, **asdict(page)}
                for page in pages
                if page.page not in known
            ]
            if fresh:
                connection.execute(insert(page_pictures), fresh)

    def pages(self, document_id: str, sha256: str) -> dict[int, PagePictures]:
        """The pages of a version that were looked at so far, by number from 1, with the digests of their pictures.

        The blobs go when the version goes: ask for a `live_version` first.
        """
        with self._database.read() as connection:
            found = rows.pages_of(connection, document_id, sha256)
        return {
            row.page: PagePictures(
                row.page, {name: StoredPicture(**picture) for name, picture in row.pictures.items()}, row.reason
            )
            for row in found
        }

    def set_state(
        self,
        document_id: str,
        state: DocumentState,
        reason: str = "",
        *,
        found_in: str | None = None,
        only_from: frozenset[DocumentState] = _NOT_DELETED,
    ) -> bool:
        """Say where the document is in its life; False when it is in none of `only_from`.

        A deleted document stays deleted: only a new upload ends that.

        `found_in` is the digest of the version that says so: an older version than the latest changes nothing, False.

        Raises:
            DocumentUnknown: nobody uploaded it.
        """
        with self._database.write() as connection:
            if rows.document(connection, document_id).state not in only_from:
                return False
            latest = rows.find_version(connection, document_id, None)
            if found_in is not None and latest is not None and latest.sha256 != found_in:
                return False
            rows.change_document(connection, document_id, state=state, state_reason=reason)
        return True

    def hold(self, document_id: str) -> None:
        """Keep the document even past its time, for example for a dispute.

        Raises:
            DocumentUnknown: nobody uploaded it.
        """
        self._set_hold(document_id, on_hold=True)

    def release(self, document_id: str) -> None:
        """End the hold.

        Raises:
            DocumentUnknown: nobody uploaded it.
        """
        self._set_hold(document_id, on_hold=False)

    def expired(self, *, at_most: int) -> list[Version]:
        """Versions whose time is over, that are not on hold and not yet deleted, the longest overdue first."""
        due = select(versions).join(documents).where(*rows.due(self._clock()))
        longest_overdue = due.order_by(documents.c.retain_until, versions.c.document_id, versions.c.number)
        with self._database.read() as connection:
            return [Version(**row) for row in connection.execute(longest_overdue.limit(at_most)).mappings()]

    @contextmanager
    def deleting(self, document_id: str, sha256: str) -> Iterator[Deletion | NotDue]:
        """Delete one expired version: the caller removes the blobs inside the block, and its end makes it so.

        A crash or an error inside leaves the version in `expired`, so the next run does all of it again; whatever
        the block does MUST bear repeating. It holds the write lock: keep it short.
        """
        now = self._clock()
        with self._database.write() as connection:
            version = rows.find_version(connection, document_id, sha256, *rows.due(now))
            if version is None:
                yield NotDue()
                return
            of_version = (versions.c.document_id == document_id, versions.c.sha256 == sha256)
            connection.execute(update(versions).where(*of_version).values(deleted_at=now))
            if not rows.has_live_version(connection, document_id):
                rows.change_document(connection, document_id, state=DocumentState.DELETED, state_reason="expired")
            yield Deletion(rows.unused_blobs(connection, version))

    def _set_hold(self, document_id: str, *, on_hold: bool) -> None:
        with self._database.write() as connection:
            if not rows.change_document(connection, document_id, on_hold=on_hold):
                raise DocumentUnknown(document_id)
