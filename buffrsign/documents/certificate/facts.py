"""What a certificate states. It holds names and no addresses: everybody who signed gets the page."""

from datetime import datetime

import msgspec


class Signatory(msgspec.Struct, frozen=True, kw_only=True):
    """One person who was asked to sign; `signed_at` is None for who did not."""

    name: str
    role: str = ""
    signed_at: datetime | None = None


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to the document; `what` is a word of `words.WHAT`, `entry` an id in the audit ledger."""

    at: datetime
    what: str
    who: str = ""
    entry: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One document as it was completed; `sha256` is that of its bytes before a page was added.

    Moments have a time zone. The same facts make the same bytes.
    """

    document_id: str
    title: str
    sha256: str
    completed_at: datetime
    signatories: tuple[Signatory, ...]
    happenings: tuple[Happening, ...]
    locale: str = "en"
