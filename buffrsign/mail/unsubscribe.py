"""Unsubscribing from the reminders of one document, with one click and without a login (RFC 8058).

The link holds the document's id and a keyed hash; who the person is cannot be read from it, only checked against
those who are known to be asked. It works for as long as the secret stays.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

_PURPOSE = b"buffrsign reminders"
_HASH_BYTES = 18  # 24 characters of base64 without padding; 144 bits cannot be guessed


class UnsubscribeLinks:
    """Makes and checks the links; `base_url` is https, and the token is added to its path."""

    def __init__(self, base_url: str, *, secret: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._secret = secret.encode()

    def url(self, *, document_id: str, person: str) -> str:
        """Where the reminders of this document to this person (`Recipient.person`) are ended."""
        return f"{self._base_url}/{document_id}/{self._hash(document_id, person)}"

    def whose(self, token: str, *, among: Iterable[str]) -> str | None:
        """Which of the document's persons a token, as in `doc_7/Zm9v…`, was made for; None for a token of nobody's.

        The caller looks up who is asked to sign the document that the part before the slash names.
        """
        document_id, _, given = token.rpartition("/")
        if not given.isascii():
            return None
        found = None
        for person in among:  # all of them, so that the time taken says nothing
            if hmac.compare_digest(self._hash(document_id, person), given):
                found = person
        return found

    def _hash(self, document_id: str, person: str) -> str:
        said = b"\x00".join([_PURPOSE, document_id.encode(), person.encode()])
        digest = hmac.new(self._secret, said, hashlib.sha256).digest()[:_HASH_BYTES]
        return base64.urlsafe_b64encode(digest).decode("ascii")
