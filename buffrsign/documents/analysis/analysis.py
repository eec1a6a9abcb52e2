"""What a contract says, with the words that say it: every finding has its page, its place there, and a confidence."""

from collections.abc import Sequence

import msgspec

from buffrsign.documents.analysis.amounts import Amount, amounts_of
from buffrsign.documents.analysis.clauses import NOT_SEARCHED, Clause, LabelKnown, clauses_of, labels_known
from buffrsign.documents.analysis.dates import Date, dates_of
from buffrsign.documents.analysis.document_type import DocumentType, document_type_of
from buffrsign.documents.analysis.language import Language, language_of
from buffrsign.documents.analysis.model import shipped
from buffrsign.documents.analysis.obligations import Obligation, obligations_of
from buffrsign.documents.analysis.paragraphs import paragraphs_of
from buffrsign.documents.analysis.parties import Party, parties_of
from buffrsign.documents.analysis.quotes import pages_of
from buffrsign.documents.analysis.recommendations import Recommendation, recommendations_of
from buffrsign.documents.analysis.signatures import SignatureBlock, signature_blocks_of
from buffrsign.documents.analysis.summary import KeySentence, summary_of
from buffrsign.documents.analysis.terms import GoverningLaw, Term, governing_law_of, terms_of
from buffrsign.documents.border import reads_pdf
from buffrsign.documents.pdfium import opened
from buffrsign.documents.text import first_texts

MAX_PAGES_READ = 1000
MAX_CHARACTERS = 800_000
"""So much text is analysed: some 250 pages of a contract."""

PROVIDER = "built-in"
_CLASSIFIED_LANGUAGES = frozenset({"en"})


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in the first `pages_read` of `pages`; `is_cut` where there is more.

    Clauses and missing ones are looked for where `clauses_searched`, that is in English. `labels` says how well each
    label is found. `provider` made the findings; `fallback_reason` says why another, that was asked first, did not.
    `dropped` counts what another said and could not quote.
    """

    pages: int
    pages_read: int
    is_cut: bool
    provider: str
    model: str
    fallback_reason: str | None
    dropped: int
    language: Language | None
    document_type: DocumentType | None
    parties: tuple[Party, ...]
    dates: tuple[Date, ...]
    amounts: tuple[Amount, ...]
    terms: tuple[Term, ...]
    governing_law: tuple[GoverningLaw, ...]
    signature_blocks: tuple[SignatureBlock, ...]
    clauses_searched: bool
    clauses: tuple[Clause, ...]
    labels: tuple[LabelKnown, ...]
    obligations: tuple[Obligation, ...]
    summary: tuple[KeySentence, ...]
    recommendations: tuple[Recommendation, ...]


@reads_pdf
def analyse(data: bytes, *, max_pages: int = MAX_PAGES_READ, max_characters: int = MAX_CHARACTERS) -> Analysis:
    """Analyse the text of a PDF, as far as it holds its words as text: of a scan nothing is found.

    Costs some 10 ms a page.
    """
    with opened(data) as document:
        texts = first_texts(document, max_pages=max_pages, max_characters=max_characters)
        return analysis_of(texts, pages=len(document))


def analysis_of(texts: Sequence[str], *, pages: int) -> Analysis:
    """The same for the texts of the first of so many pages."""
    read = pages_of(texts)
    paragraphs = [paragraph for page in read for paragraph in paragraphs_of(page)]
    language = language_of(paragraphs)
    kind = document_type_of(read)
    parties = parties_of(read)
    model = shipped()
    is_searched = language is not None and language.code in _CLASSIFIED_LANGUAGES
    clauses, searched = clauses_of(paragraphs, model) if is_searched else ((), NOT_SEARCHED)
    return Analysis(
        pages=pages,
        pages_read=len(texts),
        is_cut=len(texts) < pages,
        provider=PROVIDER,
        model=model.card.version,
        fallback_reason=None,
        dropped=0,
        language=language,
        document_type=kind,
        parties=parties,
        dates=dates_of(read),
        amounts=amounts_of(read),
        terms=terms_of(paragraphs),
        governing_law=governing_law_of(paragraphs),
        signature_blocks=signature_blocks_of(read),
        clauses_searched=is_searched,
        clauses=clauses,
        labels=labels_known(model),
        obligations=obligations_of(paragraphs, parties),
        summary=summary_of(paragraphs),
        recommendations=recommendations_of(kind.code if kind else None, clauses, searched),
    )
