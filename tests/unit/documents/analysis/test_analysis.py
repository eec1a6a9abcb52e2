import msgspec
import pytest

from buffrsign.documents import Reason, Unreadable
from buffrsign.documents.analysis import Analysis, analyse, analysis_of
from buffrsign.documents.analysis.model import shipped
from buffrsign.documents.analysis.usual_clauses import UNUSUAL, USUAL, USUAL_IN_ALL
from buffrsign.documents.text import PageTexts, page_texts_of
from tests.support import pdfs
from tests.support.agreements import LEASE_IN_AFRIKAANS, SALE_IN_GERMAN, SUPPLY, as_pdf
from tests.support.quotes import misquoted, quotes_in

ALL = {"English": SUPPLY, "Afrikaans": LEASE_IN_AFRIKAANS, "German": SALE_IN_GERMAN}


@pytest.fixture(scope="module")
def supply() -> Analysis:
    return analysis_of(SUPPLY, pages=len(SUPPLY))


@pytest.mark.parametrize("pages", ALL.values(), ids=ALL.keys())
def test_every_finding_quotes_what_stands_at_its_place(pages):
    analysis = analysis_of(pages, pages=len(pages))

    assert len(quotes_in(analysis)) > 8
    assert misquoted(analysis, pages) == []


def test_the_places_of_a_pdfs_findings_are_those_in_the_text_of_its_pages():
    analysis, read = analyse(as_pdf(SUPPLY)), page_texts_of(as_pdf(SUPPLY), max_pages=9, max_characters=99_999)

    assert isinstance(analysis, Analysis)
    assert isinstance(read, PageTexts)
    assert analysis.parties
    assert misquoted(analysis, read.texts) == []


def test_key_clauses_are_named_by_their_type(supply):
    found = {clause.label: clause.quote for clause in supply.clauses}

    assert found["Governing Law"].text.startswith("7. Governing Law.")
    assert found["Anti-Assignment"].text.startswith("4. Assignment.")
    assert found["Cap On Liability"].text.startswith("5. Liability.")
    assert found["Insurance"].page == 2


def test_a_missing_clause_says_what_was_looked_for_and_an_unusual_one_is_quoted(supply):
    for each in supply.recommendations:
        assert (each.quote is None) is (each.why == "missing")
        assert (each.looked_for is None) is (each.why == "unusual")
    [audit] = [each for each in supply.recommendations if each.clause == "Audit Rights"]
    assert audit.looked_for
    assert audit.looked_for.best < audit.looked_for.threshold
    assert audit.looked_for.paragraphs > 10


def test_what_is_there_is_not_missing(supply):
    missing = {each.clause for each in supply.recommendations if each.why == "missing"}

    assert missing.isdisjoint(clause.label for clause in supply.clauses)


def test_the_absence_of_a_weak_label_recommends_nothing():
    short = "SUPPLY AGREEMENT\n" + "This is the agreement of the two of us, and it is short. " * 3

    analysis = analysis_of([short], pages=1)

    missing = {each.clause for each in analysis.recommendations if each.why == "missing"}
    assert missing
    assert missing.isdisjoint(shipped().card.weak)


def test_every_label_that_is_advised_on_is_one_of_the_models():
    advised = {*USUAL_IN_ALL, *UNUSUAL, *(label for usual in USUAL.values() for label in usual)}

    assert advised <= set(shipped().card.labels)


@pytest.mark.parametrize("pages", [LEASE_IN_AFRIKAANS, SALE_IN_GERMAN], ids=["Afrikaans", "German"])
def test_in_other_languages_no_clause_is_looked_for_and_none_is_missing(pages):
    analysis = analysis_of(pages, pages=1)

    assert (analysis.clauses_searched, analysis.clauses, analysis.recommendations) == (False, (), ())
    assert analysis.parties


def test_the_result_names_labels_that_are_guesses(supply):
    weak = {known.label for known in supply.labels if known.is_weak}

    assert weak == set(shipped().card.weak)
    assert all(known.support < 50 or known.f1 < 0.4 for known in supply.labels if known.is_weak)
    assert all(clause.is_weak is (clause.label in weak) for clause in supply.clauses)


def test_the_same_document_is_analysed_in_the_same_way(supply):
    assert msgspec.json.encode(analysis_of(SUPPLY, pages=2)) == msgspec.json.encode(supply)


def test_what_is_too_much_is_left_unread_and_said():
    analysis = analyse(as_pdf(SUPPLY), max_characters=len(SUPPLY[0]) + 10)

    assert isinstance(analysis, Analysis)
    assert (analysis.pages, analysis.pages_read, analysis.is_cut) == (2, 1, True)


def test_of_pictures_nothing_is_found():
    analysis = analyse(pdfs.picture_only())

    assert isinstance(analysis, Analysis)
    assert quotes_in(analysis) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdfs.EMPTY, Reason.EMPTY),
        (pdfs.NOT_A_PDF, Reason.NOT_A_PDF),
        (pdfs.encrypted(user_password="x"), Reason.ENCRYPTED),
        (pdfs.without_pages(), Reason.DAMAGED),
    ],
    ids=["empty", "not a pdf", "encrypted", "no pages"],
)
def test_an_unreadable_file_is_not_taken_for_one_that_says_nothing(data, reason):
    assert analyse(data) == Unreadable.because(reason)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n\n", "(" * 5000, "“" * 5000, "a " * 5000, "1" * 5000, "between " * 2000, "$1,000" * 2000, "\x00" * 100],
)
def test_nonsense_is_analysed_too(text):
    assert misquoted(analysis_of([text], pages=1), [text]) == []
