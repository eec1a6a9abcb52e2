"""What was found out about a document, by known keys: a key that is not there was not collected.

A key that is there and empty is evidence too: no claims found, nothing signed yet, no record exists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

import msgspec

from buffrsign.core.errors import Permanent
from buffrsign.jobs.fields import Line, Moment, Sha256

Code = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_]*\Z", max_length=80)]


class EvidenceRefused(Permanent):
    """The evidence has an unknown key, or a value of the wrong kind. The value is not quoted."""


class AccreditationRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person read in an official register: who is accredited, in which class, and who looked, when and where."""

    holder: Line
    accredited_class: Line
    checked_by: Line
    checked_at: Moment
    source: Line


class Kind(StrEnum):
    """What the value of a key may be."""

    BOOLEAN = "boolean"
    DIGEST = "digest"
    MOMENT = "moment"
    CODES = "codes"
    RECORD = "record"


_TYPES: Mapping[Kind, Any] = MappingProxyType(
    {
        Kind.BOOLEAN: bool,
        Kind.DIGEST: Sha256,
        Kind.MOMENT: Moment | None,
        Kind.CODES: tuple[Code, ...],
        Kind.RECORD: AccreditationRecord | None,
    }
)


@dataclass(frozen=True)
class Key:
    """One thing that can be known about a document, and who finds it out."""

    kind: Kind
    collected_by: str
    meaning: str


KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "pdf.parse_ok": Key(Kind.BOOLEAN, "documents.inspect", "the file was read as a PDF"),
        "pdf.encrypted": Key(Kind.BOOLEAN, "documents.inspect", "the file is encrypted, with or without a password"),
        "pdf.render_ok": Key(Kind.BOOLEAN, "documents", "the file could be drawn as pictures, without a password"),
        "pdf.text_extractable": Key(Kind.BOOLEAN, "documents.inspect", "text could be read from the pages"),
        "pdf.sha256": Key(Kind.DIGEST, "storage", "the SHA-256 of the file that was checked"),
        "ret.readback_ok_at": Key(
            Kind.MOMENT, "storage", "when the stored copy was last read back with the same SHA-256; null: it failed"
        ),
        "claims.accreditation": Key(Kind.CODES, "compliance.claims", "the patterns of claims that its text contains"),
        "accred.record": Key(Kind.RECORD, "a person", "what an official register says; null: it has no record"),
        "tx.signed_at": Key(
            Kind.MOMENT, "requests", "when the first signer signed; null: nobody has yet; no task collects it so far"
        ),
    }
)


class Evidence(Mapping[str, Any]):
    """A frozen mapping of known keys to validated values.

    Raises:
        EvidenceRefused: a key is not in `KEYS`, or its value is not of the declared kind.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = MappingProxyType({key: _validated(key, value) for key, value in values.items()})

    def collected(self, key: str) -> bool:
        """Whether somebody looked, whatever they found."""
        return key in self._values

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _validated(key: str, value: object) -> object:
    if key not in KEYS:
        raise EvidenceRefused(f"no evidence is called {key!r}; known are: {', '.join(KEYS)}")
    try:
        return msgspec.convert(value, _TYPES[KEYS[key].kind])
    except msgspec.ValidationError as error:
        raise EvidenceRefused(f"the evidence {key} is not what it should be: {error}") from error
