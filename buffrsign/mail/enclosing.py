"""Enclosing: whether a letter carries its file, links to it, or says that it has neither.

It is decided once a mail server has agreed to the addresses: how large a message may be is that server's to say. A
file that is known to be too large is not read.
"""

from buffrsign.core.clock import Clock
from buffrsign.core.logs import get_logger
from buffrsign.jobs.email import DocumentCompletedEmail, Letter
from buffrsign.jobs.fields import Recipient
from buffrsign.mail.downloads import DownloadLinks
from buffrsign.mail.enclosures import (
    Attached,
    Enclosed,
    Files,
    Linked,
    StoredFile,
    Tries,
    WhyWithheld,
    Withheld,
    encoded_bytes,
)

ATTACHED_TRIES = 3
"""After so many hand-overs with the file that came to nothing, the link is tried: the line may be too slow for it."""

log = get_logger(__name__)


class Enclosures:
    """What letters come with."""

    def __init__(self, files: Files, *, links: DownloadLinks | None, clock: Clock) -> None:
        """Without `links`, a file that is too large is withheld."""
        self._files = files
        self._links = links
        self._clock = clock

    def of(self, job: Letter) -> StoredFile | Withheld | None:
        """The file that a letter is to come with; None where its job names none.

        Raises:
            Transient: storage is away.
        """
        if not isinstance(job, DocumentCompletedEmail) or job.document_id is None or job.sha256 is None:
            return None
        found = self._files.find(job.document_id, job.sha256)
        return found if isinstance(found, StoredFile) else _withheld(job.sha256, found)

    def enclose(self, file: StoredFile | Withheld, *, reader: Recipient, room_bytes: int, tries: Tries) -> Enclosed:
        """Attach it where it fits into so many bytes of a message, else link to it.

        Raises:
            Transient: storage is away.
        """
        if isinstance(file, Withheld):
            return Enclosed(file)
        if encoded_bytes(file.size_bytes) > room_bytes or tries.too_large:
            return self._linked(file, reader)
        if self._links is not None and tries.attached >= ATTACHED_TRIES:
            return self._linked(file, reader)
        content = self._files.read(file)
        if isinstance(content, WhyWithheld):
            return Enclosed(_withheld(file.sha256, content))
        return Enclosed(Attached(file.sha256, len(content)), content=content)

    def _linked(self, file: StoredFile, reader: Recipient) -> Enclosed:
        if self._links is None:
            return Enclosed(_withheld(file.sha256, WhyWithheld.TOO_LARGE))
        now = self._clock()
        until = now + self._links.lifetime
        if file.kept_until is not None:
            until = min(until, file.kept_until)
        until = until.replace(microsecond=0)  # as the token has it
        if until <= now:
            return Enclosed(_withheld(file.sha256, WhyWithheld.DELETED))
        url = self._links.mint(document_id=file.document_id, sha256=file.sha256, recipient=reader, until=until)
        return Enclosed(Linked(file.sha256, until), url=url)


def _withheld(sha256: str, why: WhyWithheld) -> Withheld:
    is_lost = why in {WhyWithheld.MISSING, WhyWithheld.DAMAGED}
    (log.error if is_lost else log.warning)("letter goes without its file", why=why.value, sha256=sha256)
    return Withheld(sha256, why)
