"""Download links: the way to a file that is too large for its letter, for one person and a while.

A link names the document, the file and its reader; its token (`links.py`) is made for exactly these three. Whoever
serves it calls `check` with what stands in the link's path, and then looks whether the file is still there.
"""

import hashlib
from datetime import datetime, timedelta
from urllib.parse import quote

from buffrsign.jobs.fields import Recipient
from buffrsign.mail.links import Expired, Invalid, LinkKeys, Valid

PURPOSE = "download"
LIFETIME = timedelta(days=30)

_READER_CHARACTERS = 32


class DownloadLinks:
    """Makes and checks the links below one URL."""

    def __init__(self, base_url: str, *, keys: LinkKeys, lifetime: timedelta = LIFETIME) -> None:
        self._base_url = base_url.rstrip("/")
        self._keys = keys
        self.lifetime = lifetime

    def mint(self, *, document_id: str, sha256: str, recipient: Recipient, until: datetime) -> str:
        """A link to this file for this person, as `<base>/<document>/<digest>/<reader>?token=…`."""
        subject = (document_id, sha256, reader_of(recipient))
        path = "/".join(quote(part, safe="") for part in subject)
        return self._keys.mint(f"{self._base_url}/{path}", purpose=PURPOSE, subject=subject, expires_at=until)

    def check(
        self, token: str, *, document_id: str, sha256: str, reader: str, now: datetime
    ) -> Valid | Expired | Invalid:
        """Whether this token opens this file for this reader, now.

        All that is wrong with a token is one answer, so that whoever tries learns nothing from it: made for something
        or somebody else, for another purpose, changed, or signed with a key that was retired.
        """
        return self._keys.check(token, purpose=PURPOSE, subject=(document_id, sha256, reader), now=now)


def reader_of(recipient: Recipient) -> str:
    """How a link names a person: by their id, else by a digest, since addresses are not for the logs of web servers."""
    if recipient.recipient_id:
        return recipient.recipient_id
    return hashlib.sha256(recipient.person.encode()).hexdigest()[:_READER_CHARACTERS]
