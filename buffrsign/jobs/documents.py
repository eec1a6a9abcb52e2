"""Jobs that look at one stored document, or make another file of it."""

from enum import StrEnum
from typing import Annotated

import msgspec

from buffrsign.jobs.audit import EntryId
from buffrsign.jobs.fields import DocumentId, Line, Locale, Moment, Sha256, Title
from buffrsign.jobs.job import Job, Key
from buffrsign.jobs.queues import Queue


class InspectDocument(Job, kind="documents.inspect", queue=Queue.DOCUMENTS):
    """Find out what a document is: pages, sizes, encryption, text. Without `sha256`, its latest version."""

    document_id: DocumentId
    sha256: Sha256 | None = None

    @property
    def key(self) -> Key | None:
        """A version is inspected once; "the latest" is asked anew each time."""
        return None if self.sha256 is None else Key(self.document_id, self.sha256)


class DetectFields(Job, kind="documents.detect_fields", queue=Queue.DOCUMENTS):
    """Find where to sign, and what else is to be written. Without `sha256`, in the latest version."""

    document_id: DocumentId
    sha256: Sha256 | None = None

    @property
    def key(self) -> Key | None:
        """A version is searched once; "the latest" is asked anew each time."""
        return None if self.sha256 is None else Key(self.document_id, self.sha256)


class RenderThumbnails(Job, kind="documents.render_thumbnails", queue=Queue.DOCUMENTS):
    """Make the pictures of page 1, and have the others follow. Without `sha256`, of the latest version."""

    document_id: DocumentId
    sha256: Sha256 | None = None

    @property
    def key(self) -> Key | None:
        """A version is rendered once; "the latest" is asked anew each time."""
        return None if self.sha256 is None else Key(self.document_id, self.sha256)


class AnalyseDocument(Job, kind="documents.analyse", queue=Queue.DOCUMENTS):
    """Find out what a document says: parties, dates, sums, clauses, duties. Without `sha256`, its latest version."""

    document_id: DocumentId
    sha256: Sha256 | None = None

    @property
    def key(self) -> Key | None:
        """A version is analysed once; "the latest" is asked anew each time."""
        return None if self.sha256 is None else Key(self.document_id, self.sha256)


class RenderPreviews(Job, kind="documents.render_previews", queue=Queue.DOCUMENTS):
    """Make the pictures of some pages after the first, beginning at `first_page`, and have the rest follow.

    Pages that have theirs are passed over. Without `sha256`, of the latest version.
    """

    document_id: DocumentId
    sha256: Sha256 | None = None
    first_page: Annotated[int, msgspec.Meta(ge=2, le=5000)] = 2

    @property
    def key(self) -> Key | None:
        """A version's pages are begun once from each page; of "the latest" they are begun anew each time."""
        return None if self.sha256 is None else Key(self.document_id, self.sha256, self.first_page)


class SanitiseDocument(Job, kind="documents.sanitise", queue=Queue.DOCUMENTS):
    """Make a copy without what acts in the document. Without `sha256`, of the latest version.

    A signed document is left alone unless `even_signed`: its copy's signatures are broken.
    """

    document_id: DocumentId
    sha256: Sha256 | None = None
    even_signed: bool = False

    @property
    def key(self) -> Key | None:
        """A version is sanitised once in each way; "the latest" is asked anew each time."""
        return None if self.sha256 is None else Key(self.document_id, self.sha256, int(self.even_signed))


class Signatory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person who was asked to sign, as the certificate names them; `signed_at` is None for who did not."""

    name: Title
    role: Line = ""
    signed_at: Moment | None = None


class What(StrEnum):
    """What a certificate can say happened to a document."""

    SENT = "sent"
    VIEWED = "viewed"
    CONSENTED = "consented"
    IDENTIFIED = "identified"
    SIGNED = "signed"
    DECLINED = "declined"
    REASSIGNED = "reassigned"
    COMPLETED = "completed"


class Happening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that happened, to whom or by whom, and the entry of the ledger that says so."""

    at: Moment
    what: What
    who: Line = ""
    entry_id: EntryId | None = None


class CompleteDocument(Job, kind="documents.complete", queue=Queue.DOCUMENTS):
    """Put a certificate of what happened behind a document. Without `sha256`, behind its latest version.

    What a certificate states travels in the job, so that it says the same whenever it is made; with 300 happenings that
    have ledger entries, the largest payload is not reached.
    """

    document_id: DocumentId
    title: Title
    completed_at: Moment
    signatories: Annotated[tuple[Signatory, ...], msgspec.Meta(max_length=100)]
    happenings: Annotated[tuple[Happening, ...], msgspec.Meta(max_length=300)] = ()
    locale: Locale = "en"
    sha256: Sha256 | None = None

    @property
    def key(self) -> Key | None:
        """A version is completed once; "the latest" is asked anew each time."""
        return None if self.sha256 is None else Key(self.document_id, self.sha256)
