from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import msgspec
import pytest
from pypdf import PdfReader

from buffrsign.compliance import claims_of_accreditation
from buffrsign.documents import text_of
from buffrsign.documents.certificate import WORDS, Facts, Happening, Signatory, certificate
from buffrsign.documents.certificate.characters import shown
from buffrsign.jobs.documents import What

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
DIGEST = "dd56de4137951d9c92681b03416ec15f886b4482a27e3a517d32f085244cbe5d"
FACTS = Facts(
    document_id="doc_7",
    title="Service Agreement",
    sha256=DIGEST,
    completed_at=NOON,
    signatories=(
        Signatory(name="Tuyakula Amweelo", role="Client", signed_at=NOON),
        Signatory(name="Petrus Strauß", role="Provider"),
    ),
    happenings=(Happening(at=NOON, what="signed", who="Tuyakula Amweelo", entry="01KC3V0R3V7Q2M6WJ9D4T8XBHZ:signed"),),
)


def read(data: bytes, *, pages: int = 99) -> str:
    """The text of a certificate, its lines joined."""
    text = text_of(data, max_pages=pages, max_characters=1_000_000)
    assert isinstance(text, str)
    return " ".join(text.split())


def test_the_page_states_the_facts():
    text = read(certificate(FACTS))

    for stated in (
        "Document Service Agreement",
        "Document id doc_7",
        f"SHA-256 {DIGEST}",
        "Completed 2026-11-02 12:00:00 UTC",
        "Tuyakula Amweelo Client 2026-11-02 12:00:00",
        "Petrus Strauß Provider not signed",
        "Completion certificate, page 1 of 1",
    ):
        assert stated in text
    assert "01KC3V0R3V7Q2M6WJ9D4T8XBHZ:signed" in text.replace(" ", "")


@pytest.mark.parametrize(
    ("locale", "title"),
    [
        ("en", "Completion certificate"),
        ("af", "Voltooiingsertifikaat"),
        ("de-NA", "Abschlussbescheinigung"),
        ("ng", "Completion certificate"),
    ],
)
def test_it_speaks_the_language_of_its_locale_or_english(locale, title):
    data = certificate(msgspec.structs.replace(FACTS, locale=locale))

    assert read(data).startswith(title)


@pytest.mark.parametrize("language", WORDS)
def test_no_language_claims_an_accreditation_or_lacks_a_word_for_what_happens(language):
    happenings = tuple(Happening(at=NOON, what=what.value) for what in What)

    text = read(certificate(msgspec.structs.replace(FACTS, locale=language, happenings=happenings)))

    assert claims_of_accreditation(text) == []
    assert set(WORDS[language].happened) == {what.value for what in What}
    assert all(word in text for word in WORDS[language].happened.values())
    assert all(sentence in text for sentence in WORDS[language].sentences)


def test_the_same_facts_give_the_same_bytes():
    assert certificate(FACTS) == certificate(FACTS)


def test_times_are_shown_in_utc_whatever_their_zone():
    windhoek = NOON.astimezone(timezone(timedelta(hours=2)))

    assert certificate(msgspec.structs.replace(FACTS, completed_at=windhoek)) == certificate(FACTS)


def test_a_long_list_goes_on_over_several_pages_and_loses_nothing():
    happenings = tuple(
        Happening(at=NOON + timedelta(minutes=number), what="viewed", who=f"Person {number}.") for number in range(120)
    )

    data = certificate(msgspec.structs.replace(FACTS, happenings=happenings))

    with PdfReader(BytesIO(data)) as reader:
        pages = [page.extract_text() for page in reader.pages]
    text = read(data)
    assert len(pages) > 2
    assert all(f"Person {number}." in text for number in range(120))
    assert all("Entry in the audit ledger" in page for page in pages[1:-1])
    assert f"page {len(pages)} of {len(pages)}" in text


def test_a_certificate_without_people_or_events_says_so():
    text = read(certificate(msgspec.structs.replace(FACTS, signatories=(), happenings=())))

    assert text.count("None.") == 2


def test_a_word_longer_than_its_column_is_broken_and_not_lost():
    name = "x" * 300

    text = read(certificate(msgspec.structs.replace(FACTS, signatories=(Signatory(name=name, role=name),))))

    assert text.replace(" ", "").count("x") >= 600


def test_names_of_every_script_are_on_the_page():
    names = ("ǁKaras ǂNūkhoe", "Łukasz Müller", "Иван Ωmega", "中[U+4E2D]")

    text = read(certificate(msgspec.structs.replace(FACTS, signatories=tuple(Signatory(name=name) for name in names))))

    assert all(shown(name) in text for name in names)
