"""A file that cannot be read is a normal outcome: a value with a reason for programs and a sentence for people."""

from enum import StrEnum
from typing import Self

import msgspec

MAX_BYTES = 64 * 1024 * 1024
MAX_PAGES = 5000
MAX_PIXELS = 50_000_000


class Reason(StrEnum):
    """Why a file could not be read."""

    EMPTY = "empty"
    NOT_A_PDF = "not_a_pdf"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    UNSUPPORTED = "unsupported"
    PIXEL_BOMB = "pixel_bomb"
    RESOURCE_LIMIT = "resource_limit"
    TIMEOUT = "timeout"
    ACTIVE_CONTENT = "active_content"
    QUARANTINED = "quarantined"


class Unreadable(msgspec.Struct, frozen=True):
    """The file could not be read. `detail` says the way out and holds nothing of the file."""

    reason: Reason
    detail: str

    @classmethod
    def because(cls, reason: Reason) -> Self:
        """The outcome with the sentence that belongs to the reason."""
        return cls(reason, _DETAILS[reason])


_DETAILS = {
    Reason.EMPTY: "The file has no bytes; upload it again.",
    Reason.NOT_A_PDF: "The file is not a PDF; export the document as PDF and upload that.",
    Reason.ENCRYPTED: "The file opens only with a password; remove the password and upload it again.",
    Reason.DAMAGED: "The file is damaged; export it anew as PDF from the program that made it and upload that.",
    Reason.TOO_LARGE: f"The file is larger than {MAX_BYTES // 1024 // 1024} MiB; reduce or split it and upload that.",
    Reason.TOO_MANY_PAGES: f"The PDF has more than {MAX_PAGES:,} pages; split it and upload the parts.",
    Reason.UNSUPPORTED: "The file's kind or protection is not supported; upload an unprotected PDF.",
    Reason.PIXEL_BOMB: f"The picture has more than {MAX_PIXELS:,} pixels; reduce it and upload that.",
    Reason.RESOURCE_LIMIT: "The file takes too much memory or work to read; print it to a new PDF and upload that.",
    Reason.TIMEOUT: "The file takes too long to read; print it to a new PDF and upload that.",
    Reason.ACTIVE_CONTENT: "The file tried to start a program or to reach a network; upload a copy without such parts.",
    Reason.QUARANTINED: "Reading the file failed so badly, three times, that it is read no more; upload it made anew.",
}
