"""Jobs that look at one stored document."""

from buffrsign.jobs.fields import DocumentId, Sha256
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


class RenderThumbnails(Job, kind="documents.render_thumbnails", queue=Queue.DOCUMENTS):
    """Make the small picture of page 1. Without `sha256`, of the latest version."""

    document_id: DocumentId
    sha256: Sha256 | None = None

    @property
    def key(self) -> Key | None:
        """A version is rendered once; "the latest" is asked anew each time."""
        return None if self.sha256 is None else Key(self.document_id, self.sha256)
