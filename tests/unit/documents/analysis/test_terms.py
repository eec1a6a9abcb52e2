import pytest

from buffrsign.documents.analysis.durations import DURATION, iso_duration
from buffrsign.documents.analysis.paragraphs import paragraphs_of
from buffrsign.documents.analysis.quotes import Passage, pages_of
from buffrsign.documents.analysis.terms import governing_law_of, terms_of
from tests.support.agreements import LEASE_IN_AFRIKAANS, SALE_IN_GERMAN, SUPPLY


def paragraphs(pages: tuple[str, ...]) -> list[Passage]:
    return [paragraph for page in pages_of(list(pages)) for paragraph in paragraphs_of(page)]


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("thirty (30) days", "P30D"),
        ("30 days", "P30D"),
        ("ten business days", "P10D"),
        ("a 12-month period", "P12M"),
        ("two (2) successive years", "P2Y"),
        ("six weeks", "P6W"),
        ("7 dae", "P7D"),
        ("drei Monate", "P3M"),
    ],
)
def test_a_length_of_time_is_an_iso_duration(written, iso):
    match = DURATION.search(written)

    assert match
    assert iso_duration(match) == iso


def test_the_term_its_renewal_and_the_notice_that_ends_one_are_told_apart():
    assert [(term.kind, term.length) for term in terms_of(paragraphs(SUPPLY))] == [
        ("term", "P3Y"),
        ("notice", "P90D"),
        ("renewal", "P1Y"),
    ]


@pytest.mark.parametrize(
    ("pages", "law"),
    [(SUPPLY, "Republic of Namibia"), (LEASE_IN_AFRIKAANS, "Namibië"), (SALE_IN_GERMAN, "Bundesrepublik Deutschland")],
    ids=["English", "Afrikaans", "German"],
)
def test_the_governing_law_is_the_place_that_is_named(pages, law):
    assert [found.law for found in governing_law_of(paragraphs(pages))] == [law]


def test_a_law_that_must_be_obeyed_does_not_govern_the_contract():
    assert governing_law_of(paragraphs(("The Supplier shall comply with the laws of Namibia.",))) == ()
