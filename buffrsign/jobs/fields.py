r"""The types that contracts are made of: each one says what a valid value looks like.

Patterns end in `\Z`, not `$`, which would let a trailing newline through.
"""

from datetime import datetime
from typing import Annotated

import msgspec

DESCRIPTIONS: dict[str, str] = {}
"""What each pattern asks for, in words: errors say these instead of the pattern."""


def like(pattern: str, words: str, *, at_least: int | None = None, at_most: int | None = None) -> msgspec.Meta:
    """Text that matches a pattern, and the words for it."""
    DESCRIPTIONS[pattern] = words
    return msgspec.Meta(pattern=pattern, min_length=at_least, max_length=at_most)


_ONE_LINE = r"\A[^\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]*\Z"
_NAME_PART = r"[^@\s<>()\[\],;:\"\\\x00-\x1f\x7f\ud800-\udfff]"
_SAFE_INTEGER = 2**53 - 1  # RFC 8785, 3.2.2.3: beyond it JSON numbers lose digits

JobId = Annotated[
    str,
    like(
        r"\A([0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z",
        "a ULID of 26 upper-case characters, or a UUID, which stock Celery producers make",
    ),
]
DocumentId = Annotated[
    str, like(r"\A[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}\Z", "an id of 1 to 100 letters, digits and _ . : -")
]
PersonId = Annotated[
    str, like(r"\A[A-Za-z0-9][A-Za-z0-9_.:@-]{0,99}\Z", "an id of 1 to 100 letters, digits and _ . : @ -")
]
Sha256 = Annotated[str, like(r"\A[0-9a-f]{64}\Z", "a SHA-256 digest of 64 lower-case hex digits")]
EmailAddress = Annotated[
    str,
    like(
        rf"\A{_NAME_PART}{{1,64}}@{_NAME_PART}+\Z",
        "an e-mail address, as in signer@example.com",
        at_most=254,
    ),
]
WebUrl = Annotated[
    str, like(r"\Ahttps?://[^\s\x00-\x1f\x7f<>\"\ud800-\udfff]+\Z", "an http:// or https:// address", at_most=2048)
]
Line = Annotated[str, like(_ONE_LINE, "one line without control characters", at_most=300)]
Title = Annotated[str, like(_ONE_LINE, "one line without control characters", at_least=1, at_most=300)]
Message = Annotated[
    str, like(r"\A[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*\Z", "text without control characters", at_most=4000)
]
OneTimeCode = Annotated[str, like(r"\A[0-9A-Z-]{4,16}\Z", "a code of 4 to 16 digits, capital letters and hyphens")]
Locale = Annotated[str, like(r"\A[a-z]{2,3}(-[A-Z]{2})?\Z", "a locale such as en or de-NA")]
TimeOfDay = Annotated[str, like(r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z", "a time of day such as 08:00")]
TimeZone = Annotated[str, like(r"\A[A-Za-z0-9_+/-]{1,64}\Z", "a time zone such as Africa/Windhoek")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0, le=_SAFE_INTEGER)]
Round = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Number = Annotated[int, msgspec.Meta(ge=-_SAFE_INTEGER, le=_SAFE_INTEGER)]
# Plain text here: msgspec 0.22 walks into freed memory when the interpreter ends if a pattern stands beside a
# collection in one union. `job.py` refuses half a surrogate pair.
Fact = str | Number | bool | None | list[str]


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person's mailbox, and how to address them."""

    email: EmailAddress
    name: Line = ""
    locale: Locale = "en"
    recipient_id: PersonId | None = None

    @property
    def person(self) -> str:
        """Who this is: two people may share a mailbox, so the id where there is one, else the address."""
        return self.recipient_id or self.email.casefold()
