import pytest

from buffrsign.documents.analysis.parties import MAX_PARTIES, parties_of
from buffrsign.documents.analysis.quotes import pages_of
from tests.support.agreements import LEASE_IN_AFRIKAANS, SALE_IN_GERMAN, SUPPLY


def named(text: str) -> list[tuple[str, str | None]]:
    return [(party.name, party.role) for party in parties_of(pages_of([text]))]


@pytest.mark.parametrize(
    ("pages", "parties"),
    [
        (SUPPLY, [("Erongo Salt Works (Pty) Ltd", "Supplier"), ("Kalahari Foods CC", "Buyer")]),
        (LEASE_IN_AFRIKAANS, [("Duinsig Eiendomme (Edms) Bpk", "Verhuurder"), ("Welwitschia Handel BK", "Huurder")]),
        (SALE_IN_GERMAN, [("Dünenblick GmbH", "Verkäufer"), ("Küstenhandel AG", "Käufer")]),
    ],
    ids=["English", "Afrikaans", "German"],
)
def test_the_opening_names_the_parties_and_what_they_are_called(pages, parties):
    assert [(party.name, party.role) for party in parties_of(pages_of(list(pages)))] == parties


@pytest.mark.parametrize(
    "opening",
    [
        "by and between Alpha Mining, Inc., a Delaware corporation (“Alpha”), and Beta\nTrading GmbH, of "
        "Hamburg (“Beta”).",
        "between Alpha Mining, Inc. (“Alpha”), a Delaware corporation, and Beta Trading GmbH (“Beta”), of Hamburg.",
        'among: (1) Alpha Mining, Inc. (hereinafter referred to as "Alpha"); and (2) Beta Trading GmbH (the "Beta").',
    ],
    ids=["terms after descriptions", "terms after names", "numbered"],
)
def test_names_are_found_however_the_list_is_built(opening):
    text = f"This Agreement is made on 1 May 2026 {opening}\nWHEREAS Gamma Bank Inc. (“Gamma”) lends;"

    assert named(text) == [("Alpha Mining, Inc.", "Alpha"), ("Beta Trading GmbH", "Beta")]


def test_a_person_is_a_party_too():
    text = "This Agreement is made between Oryx CC (the “Company”) and Anna Shikongo, an individual (the “Consultant”)."

    assert named(text) == [("Oryx CC", "Company"), ("Anna Shikongo", "Consultant")]


def test_terms_that_are_nobody_are_no_parties():
    text = "This contract (the “Agreement”) is made between Oryx CC (“Oryx”) and Kudu CC (“Kudu”) (each a “Party”)."

    assert [name for name, _ in named(text)] == ["Oryx CC", "Kudu CC"]


def test_labels_name_parties():
    assert named("Party A: Oryx Trading Ltd\nParty B: Kudu Farming Ltd\n") == [
        ("Oryx Trading Ltd", "Party A"),
        ("Kudu Farming Ltd", "Party B"),
    ]


def test_a_name_above_a_line_to_sign_on_is_a_party_and_less_sure():
    [party] = parties_of(pages_of(["Agreed.\nORYX TRADING LTD\nBy: ________\n"]))

    assert (party.name, party.role) == ("ORYX TRADING LTD", None)
    assert party.confidence < 0.8


def test_no_more_parties_are_kept_than_anybody_can_use():
    many = "".join(f"{chr(65 + number // 26)}{chr(97 + number % 26)}x Trading Ltd\nBy: ____\n" for number in range(60))

    assert len(named(many)) == MAX_PARTIES
