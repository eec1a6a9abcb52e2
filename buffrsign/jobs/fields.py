r"""The types that contracts are made of: each one says what a valid value looks like.

Patterns end in `\Z`, not `$`, which would let a trailing newline through.
"""

from datetime import datetime
from typing import Annotated

import msgspec

_ONE_LINE = r"\A[^\x00-\x1f\x7f\x85\u2028\u2029]*\Z"
_SAFE_INTEGER = 2**53 - 1  # RFC 8785, 3.2.2.3: beyond it JSON numbers lose digits

JobId = Annotated[str, msgspec.Meta(pattern=r"\A[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
DocumentId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}\Z")]
PersonId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.:@-]{0,99}\Z")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
EmailAddress = Annotated[
    str, msgspec.Meta(max_length=254, pattern=r"\A[^@\s<>()\[\],;:\"\\\x00-\x1f\x7f]{1,64}@[^@\s<>\x00-\x1f\x7f]+\Z")
]
WebUrl = Annotated[str, msgspec.Meta(max_length=2048, pattern=r"\Ahttps?://[^\s\x00-\x1f\x7f<>\"]+\Z")]
Line = Annotated[str, msgspec.Meta(max_length=300, pattern=_ONE_LINE)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=_ONE_LINE)]
Message = Annotated[str, msgspec.Meta(max_length=4000, pattern=r"\A[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*\Z")]
Locale = Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{2,3}(-[A-Z]{2})?\Z")]
TimeZone = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_+/-]{1,64}\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0, le=_SAFE_INTEGER)]
Round = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Number = Annotated[int, msgspec.Meta(ge=-_SAFE_INTEGER, le=_SAFE_INTEGER)]
Fact = str | Number | bool | None | list[str]


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person's mailbox, and how to address them."""

    email: EmailAddress
    name: Line = ""
    locale: Locale = "en"
    recipient_id: PersonId | None = None
