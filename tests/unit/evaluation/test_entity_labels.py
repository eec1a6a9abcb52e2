"""The hand labels of parties, dates and amounts have the form that their README states."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

LABELS = Path(__file__).parents[3] / "evaluation" / "analysis" / "labels"
FILES = sorted(LABELS.glob("*/*.json"), key=lambda path: path.stem)

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Page = Annotated[int, msgspec.Meta(ge=1)]


class Date(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    iso: dt.date
    page: Page
    role: Literal["effective", "signed", "expiry", "other"]


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    value: Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9]\d*)\.\d{2,}$")]
    page: Page


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: Sha256
    pages: Page
    parties: Annotated[list[Annotated[list[Sha256], msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1)]
    dates: list[Date]
    amounts: list[Amount]


def labels_of(path: Path) -> Labels:
    return msgspec.json.decode(path.read_bytes(), type=Labels)


every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem[:8]}")


def test_documents_sorted_by_hash_are_open_and_sealed_in_turn():
    splits = [path.parent.name for path in FILES]

    assert splits == ["open", "sealed"] * 15


@every_file
def test_a_file_is_named_by_the_hash_of_its_document(path):
    assert path.stem == labels_of(path).sha256


@every_file
def test_every_label_lies_on_a_page_of_its_document(path):
    labels = labels_of(path)

    assert [found for found in [*labels.dates, *labels.amounts] if found.page > labels.pages] == []


@every_file
def test_a_date_or_an_amount_is_labelled_once_for_a_page(path):
    labels = labels_of(path)

    dates = [(date.iso, date.page) for date in labels.dates]
    assert len(dates) == len(set(dates))
    assert len(labels.amounts) == len(set(labels.amounts))


@every_file
def test_a_spelling_belongs_to_one_party(path):
    spellings = [spelling for party in labels_of(path).parties for spelling in party]

    assert len(spellings) == len(set(spellings))


def test_the_readme_counts_what_is_labelled():
    readme = (LABELS / "README.md").read_text()

    for split in ("open", "sealed"):
        documents = [labels_of(path) for path in FILES if path.parent.name == split]
        counts = [
            len(documents),
            *(sum(len(getattr(each, kind)) for each in documents) for kind in ("parties", "dates", "amounts")),
        ]
        assert f"| {split} | {' | '.join(map(str, counts))} |" in readme
