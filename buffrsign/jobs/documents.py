"""Jobs that look at one stored document."""

from typing import Annotated

import msgspec

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
    """Make the pictures of page 1, and have the others follow. Without `sha256`, of the latest version."""

    document_id: DocumentId
    sha256: Sha256 | None = None

    @property
    def key(self) -> Key | None:
        """A version is rendered once; "the latest" is asked anew each time."""
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
