"""Language, type, duties, signature blocks, summary and paragraphs."""

import pytest

from buffrsign.documents.analysis.document_type import document_type_of
from buffrsign.documents.analysis.language import language_of
from buffrsign.documents.analysis.obligations import MAX_OBLIGATIONS, obligations_of
from buffrsign.documents.analysis.paragraphs import MAX_PARAGRAPH_CHARACTERS, paragraphs_of, sentences_of
from buffrsign.documents.analysis.parties import parties_of
from buffrsign.documents.analysis.quotes import Passage, pages_of
from buffrsign.documents.analysis.signatures import signature_blocks_of
from buffrsign.documents.analysis.summary import SENTENCES, summary_of
from tests.support.agreements import LEASE_IN_AFRIKAANS, SALE_IN_GERMAN, SUPPLY

IN_FRENCH = (
    "Le présent contrat est conclu entre les parties, qui ont convenu de ce qui suit pour une durée de trois ans. " * 3
)


def paragraphs(*pages: str) -> list[Passage]:
    return [paragraph for page in pages_of(list(pages)) for paragraph in paragraphs_of(page)]


@pytest.mark.parametrize(
    ("pages", "code"),
    [(SUPPLY, "en"), (LEASE_IN_AFRIKAANS, "af"), (SALE_IN_GERMAN, "de"), ((IN_FRENCH,), "other")],
    ids=["en", "af", "de", "fr"],
)
def test_the_language_is_that_of_the_small_words(pages, code):
    language = language_of(paragraphs(*pages))

    assert language
    assert language.code == code


def test_a_few_words_have_no_language():
    assert language_of(paragraphs("The end of it.")) is None


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (SUPPLY[0], "supply"),
        (LEASE_IN_AFRIKAANS[0], "lease"),
        (SALE_IN_GERMAN[0], "sale"),
        ("MUTUAL NON-DISCLOSURE AGREEMENT\nof two.", "non_disclosure"),
        ("Employment Contract\nof one.", "employment"),
        ("Shareholders Agreement\nof three.", "contract"),
        ("In this consulting agreement it is said.", "consulting"),
    ],
)
def test_the_title_says_what_it_is(page, code):
    kind = document_type_of(pages_of([page]))

    assert kind
    assert kind.code == code


def test_a_letter_is_no_contract():
    assert document_type_of(pages_of(["Dear Anna,\nthe weather is fine.\n"])) is None


def test_a_duty_says_who_must_act_and_by_when():
    parties = parties_of(pages_of(list(SUPPLY)))

    pay, *others = obligations_of(paragraphs(*SUPPLY), parties)

    assert (pay.who, pay.within) == ("The Buyer", "P30D")
    assert pay.deadline
    assert pay.deadline.text == "within thirty (30) days"
    assert [each.who for each in others] == ["The Buyer", "The Supplier"]


def test_who_is_called_by_a_name_of_the_contract_has_duties_too():
    parties = parties_of(pages_of(["This Agreement is made between Oryx CC (“Oryx”) and Kudu CC (“Kudu”)."]))

    [duty] = obligations_of(paragraphs("Oryx shall deliver the salt no later than 5 days after the order."), parties)

    assert (duty.who, duty.within) == ("Oryx", "P5D")


def test_no_more_duties_are_kept_than_anybody_can_use():
    many = "The Buyer shall pay the price. " * (MAX_OBLIGATIONS + 5)

    assert len(obligations_of(paragraphs(many), ())) == MAX_OBLIGATIONS


def test_signature_blocks_are_shown_by_their_cues():
    found = signature_blocks_of(pages_of([SUPPLY[1], "/s/ Anna Shikongo\nGeteken te Windhoek op hierdie dag\n"]))

    assert [block.cue for block in found] == ["witness_clause", "line", "line", "conformed", "place_and_day"]


def test_the_summary_is_sentences_of_the_document_in_their_order():
    found = summary_of(paragraphs(*SUPPLY))

    assert len(found) == SENTENCES
    places = [(each.quote.page, each.quote.start) for each in found]
    assert places == sorted(set(places))
    assert any("pay" in each.quote.text for each in found)


def test_what_has_no_sentences_has_no_summary():
    assert summary_of(paragraphs("Annex 1\n1 2 3\n")) == ()


def test_a_paragraph_begins_with_a_number_an_empty_line_or_after_a_short_last_line():
    page = (
        "1. The first paragraph of this page is long enough that its line is full, and it goes on\nhere.\n"
        "The second begins after a line that ended early, and it fills its line up to the end too\nand ends.\n"
        "\nThe third follows an empty line.\n2.1 The fourth is numbered.\n(a) The fifth too.\n"
    )

    assert [paragraph.text.split()[1] for paragraph in paragraphs(page)] == ["The", "second", "third", "The", "The"]


def test_a_paragraph_has_an_end():
    assert max(len(each.text) for each in paragraphs("word\n" * 10_000)) <= MAX_PARAGRAPH_CHARACTERS + 5


def test_an_abbreviation_ends_no_sentence():
    [paragraph] = paragraphs("Oryx Inc. Windhoek agrees. Section No. 5 holds; It is so.")

    assert [each.text for each in sentences_of(paragraph)] == [
        "Oryx Inc. Windhoek agrees.",
        "Section No. 5 holds;",
        "It is so.",
    ]
