"""Parties, dates and amounts against labels set by hand: precision, recall and F1 over all labelled documents."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from buffrsign.documents import Unreadable
from buffrsign.documents.analysis import Analysis, analysis_of
from buffrsign.documents.analysis.names import normalised
from buffrsign.documents.sandbox import Sandbox

LABELS = Path(__file__).with_name("labels")
KINDS = ("parties", "dates", "dates_by_page", "amounts")
HALVES = ("open", "sealed")


class LabelledDate(msgspec.Struct, frozen=True):
    """A full date on a page, and what it is."""

    iso: str
    page: int
    role: str


class LabelledAmount(msgspec.Struct, frozen=True):
    """A sum on a page."""

    currency: str
    value: str
    page: int


class Labelled(msgspec.Struct, frozen=True):
    """What a document holds. Each of `parties` is the SHA-256 hashes of its spellings: no words of it are kept."""

    sha256: str
    pages: int
    parties: tuple[tuple[str, ...], ...]
    dates: tuple[LabelledDate, ...]
    amounts: tuple[LabelledAmount, ...]


@dataclass(frozen=True)
class Score:
    """How many were found rightly, wrongly, and missed."""

    hits: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.hits + other.hits, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def precision(self) -> float:
        """Of what was found, the share that is so."""
        return self.hits / max(self.hits + self.wrong, 1)

    @property
    def recall(self) -> float:
        """Of what is so, the share that was found."""
        return self.hits / max(self.hits + self.missed, 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.hits / max(2 * self.hits + self.wrong + self.missed, 1)


@dataclass(frozen=True)
class Scored:
    """The scores by kind over the documents that DATA holds; `absent` are the digests of those that it does not."""

    documents: int
    by_kind: dict[str, Score]
    absent: tuple[str, ...]


def score(half: str, files: dict[str, Path], sandbox: Sandbox, *, tick: Callable[[], None]) -> Scored:
    """Analyse each labelled document of this half, and compare. `files` are those of DATA by SHA-256."""
    labelled = list(labels_of(half))
    by_kind = dict.fromkeys(KINDS, Score())
    for label in labelled:
        if label.sha256 in files:
            compared = compare(label, sandbox.analyse(files[label.sha256].read_bytes()))
            by_kind = {kind: by_kind[kind] + compared[kind] for kind in KINDS}
        tick()
    absent = tuple(label.sha256 for label in labelled if label.sha256 not in files)
    return Scored(len(labelled) - len(absent), by_kind, absent)


def labels_of(half: str) -> Iterator[Labelled]:
    """The labels of one half, `open` or `sealed`."""
    for path in sorted((LABELS / half).glob("*.json")):
        yield msgspec.json.decode(path.read_bytes(), type=Labelled)


def compare(label: Labelled, analysis: Analysis | Unreadable) -> dict[str, Score]:
    """What was found in a document against its labels, by kind. What cannot be read has nothing found in it.

    A date counts once in the document as `dates`, and once on each page as `dates_by_page`; the filing service's dated
    footers make the difference.
    """
    if isinstance(analysis, Unreadable):
        return compare(label, analysis_of([], pages=label.pages))
    return {
        "parties": _parties(label, {digest(party.name) for party in analysis.parties}),
        "dates": _score({date.iso for date in label.dates}, {date.iso for date in analysis.dates}),
        "dates_by_page": _score(
            {(date.iso, date.page) for date in label.dates}, {(date.iso, date.quote.page) for date in analysis.dates}
        ),
        "amounts": _score(
            {(amount.currency, amount.value, amount.page) for amount in label.amounts},
            {(amount.currency, amount.value, amount.quote.page) for amount in analysis.amounts},
        ),
    }


def _parties(label: Labelled, found: set[str]) -> Score:
    """A party is found when one of its spellings is; another spelling of it is no mistake."""
    hits = sum(any(spelling in found for spelling in party) for party in label.parties)
    known = {spelling for party in label.parties for spelling in party}
    return Score(hits, len(found - known), len(label.parties) - hits)


def _score(true: Set[object], found: Set[object]) -> Score:
    return Score(len(found & true), len(found - true), len(true - found))


def digest(name: str) -> str:
    """How a label names a party."""
    return sha256(normalised(name).encode()).hexdigest()
