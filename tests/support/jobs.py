"""Jobs to try things with: one letter, the golden payloads, and any job that a contract allows."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import msgspec.inspect as kinds_of
from hypothesis import strategies as st

from buffrsign.jobs import CONTRACTS, Job
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.producer import MAX_PAYLOAD_BYTES
from tests.support.clock import NOON

GOLDEN = Path(__file__).parent.parent / "golden"
OUR_CONTRACTS = {kind: contract for kind, contract in CONTRACTS.items() if contract.__module__.startswith("buffrsign.")}
"""Every contract but those that other tests declare."""

ADDRESS = "anna.nangolo@example.com"


def letter(**fields: Any) -> SignatureRequestEmail:
    """A signature request for one signer of one document."""
    known: dict[str, Any] = {
        "recipient": Recipient(ADDRESS, name="Anna Nangolo"),
        "document_title": "Service agreement",
        "signing_url": "https://sign.example/doc_7",
        "document_id": "doc_7",
    }
    return SignatureRequestEmail(**{**known, **fields})


def large_event() -> RecordEvent:
    """An event that fits its contract, and no queue."""
    details: dict[str, Any] = {"text": "x" * MAX_PAYLOAD_BYTES}
    return RecordEvent(action="document.viewed", occurred_at=NOON, details=details)


def golden_file(contract: type[Job], version: int) -> Path:
    """Where the golden payload of one version of a contract is."""
    return GOLDEN / f"{contract.kind}.v{version}.json"


def golden_files(contract: type[Job], version: int) -> list[Path]:
    """All golden payloads of one version: `….v4.json`, and `….v4.reassigned.json` for fields that exclude others."""
    return sorted(GOLDEN.glob(f"{contract.kind}.v{version}.*json"))


@cache
def any_job() -> st.SearchStrategy[Job]:
    """Any valid job of any of our contracts, generated from what the contract itself says of its fields."""
    return st.one_of([_values(kinds_of.type_info(contract)) for contract in OUR_CONTRACTS.values()])


def _values(type_: kinds_of.Type) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one line for each kind of type
    match type_:
        case kinds_of.StructType(cls=cls, fields=fields):
            return _structs(cls, {field.name: _values(field.type) for field in fields})
        case kinds_of.UnionType(types=types):
            return st.one_of([_values(each) for each in types])
        case kinds_of.DictType(key_type=key, value_type=value):
            return st.dictionaries(_values(key), _values(value), max_size=3)
        case kinds_of.ListType(item_type=item):
            return st.lists(_values(item), max_size=3)
        case kinds_of.VarTupleType(item_type=item, min_length=least):
            return st.lists(_values(item), min_size=least or 0, max_size=3).map(tuple)
        case kinds_of.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case kinds_of.StrType(pattern=str(pattern), min_length=least, max_length=most):
            return _texts(pattern).filter(lambda text: (least or 0) <= len(text) <= (most or 10_000))
        case kinds_of.IntType(ge=least, le=most):
            return st.integers(least, most)
    return _PLAIN[type(type_)]


@cache
def _texts(pattern: str) -> st.SearchStrategy[str]:
    """Texts that a pattern allows; drawn run by run, where it is made of runs, and not letter by letter."""
    body = pattern.removeprefix(r"\A").removesuffix(r"\Z")
    if body == _JOB_ID:
        return st.uuids().map(str) | st.builds("{}{}".format, st.sampled_from("01234567"), _ULID_TAILS)
    runs = list(_RUN.finditer(body))
    if "".join(run[0] for run in runs) != body:
        return st.from_regex(pattern)
    return st.tuples(*[_letters(run) for run in runs]).map("".join)


def _letters(run: re.Match[str]) -> st.SearchStrategy[str]:
    """The letters of one run: `[a-z]{2,3}`, `s?`, `@`."""
    kind, times = run["kind"], run["times"]
    least, most = _TIMES[times] if times in _TIMES else (int(run["least"]), int(run["most"] or run["least"]))
    among = re.findall(kind, _LOW)
    if kind.startswith("[^"):
        others = sorted(set(_LOW) - set(among))
        return st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters=others), min_size=least, max_size=most
        )
    return st.text(among, min_size=least, max_size=most)


def _structs(cls: Callable[..., Any], fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Structs whose fields fit each other, too."""

    def build(values: dict[str, Any]) -> Any:
        try:
            return cls(**values)
        except ValueError:
            return None

    return st.fixed_dictionaries(fields).map(build).filter(lambda built: built is not None)


_JOB_ID = r"([0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_ULID_TAILS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=25, max_size=25)
_RUN = re.compile(r"(?P<kind>\[(?:\\.|[^\]\\])+\]|[\w:/@-])(?P<times>[*+?]|\{(?P<least>\d+)(?:,(?P<most>\d+))?\}|)")
_TIMES: dict[str, tuple[int, int | None]] = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}
_LOW = "".join(map(chr, range(0x3001)))  # whatever a pattern names is among them: U+3000 is the last space
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_PLAIN: dict[type, st.SearchStrategy[Any]] = {
    kinds_of.NoneType: st.none(),
    kinds_of.BoolType: st.booleans(),
    kinds_of.StrType: st.text(),
    kinds_of.DateTimeType: st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=_ZONES),  # noqa: DTZ001
    kinds_of.TimeDeltaType: st.timedeltas(timedelta(microseconds=1), timedelta(days=36_500)),
}
