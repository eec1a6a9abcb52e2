"""The certificate's sentences in each language. None claims a legal effect, an accreditation or a recognition."""

from collections.abc import Mapping
from dataclasses import dataclass

FALLBACK = "en"


@dataclass(frozen=True)
class Words:
    """One language. `page` has places for a page's number and for how many there are."""

    title: str
    document: str
    document_id: str
    digest: str
    completed_at: str
    signatories: str
    name: str
    role: str
    signed_at: str
    not_signed: str
    happenings: str
    when: str
    what: str
    who: str
    entry: str
    nothing_recorded: str
    notes: str
    page: str
    happened: Mapping[str, str]
    sentences: tuple[str, ...]


WORDS: Mapping[str, Words] = {
    "en": Words(
        title="Completion certificate",
        document="Document",
        document_id="Document id",
        digest="SHA-256",
        completed_at="Completed",
        signatories="People asked to sign",
        name="Name",
        role="Role",
        signed_at="Signed (UTC)",
        not_signed="not signed",
        happenings="What was recorded",
        when="Time (UTC)",
        what="Event",
        who="Person",
        entry="Entry in the audit ledger",
        nothing_recorded="None.",
        notes="How to read this page",
        page="page {page} of {pages}",
        happened={
            "sent": "sent for signature",
            "viewed": "opened",
            "consented": "agreed to sign electronically",
            "identified": "identity checked",
            "signed": "signed",
            "declined": "declined to sign",
            "reassigned": "handed on to another person",
            "completed": "completed",
        },
        sentences=(
            "This page was made from the records of BuffrSign. It says what was recorded and when, by the platform's "
            "own clock, in UTC.",
            "The SHA-256 above is that of the document's own file, without this page. Whoever holds that file can "
            "compute it and compare the two; any change to the file gives another value.",
            "An entry in the audit ledger can be shown, with a proof of its place there, by whoever keeps the ledger.",
            "A character that cannot be shown here stands as its Unicode number, as in [U+4E2D].",
            "This page is not legal advice, and not a certificate of compliance with any law. It claims no "
            "accreditation and no recognition, and decides neither validity nor weight as evidence.",
        ),
    ),
    "af": Words(
        title="Voltooiingsertifikaat",
        document="Dokument",
        document_id="Dokument-ID",
        digest="SHA-256",
        completed_at="Voltooi",
        signatories="Persone wat gevra is om te teken",
        name="Naam",
        role="Rol",
        signed_at="Geteken (UTC)",
        not_signed="nie geteken nie",
        happenings="Wat aangeteken is",
        when="Tyd (UTC)",
        what="Gebeurtenis",
        who="Persoon",
        entry="Inskrywing in die ouditgrootboek",
        nothing_recorded="Geen.",
        notes="Hoe om hierdie bladsy te lees",
        page="bladsy {page} van {pages}",
        happened={
            "sent": "gestuur vir ondertekening",
            "viewed": "oopgemaak",
            "consented": "ingestem om elektronies te teken",
            "identified": "identiteit nagegaan",
            "signed": "geteken",
            "declined": "geweier om te teken",
            "reassigned": "aan iemand anders oorgedra",
            "completed": "voltooi",
        },
        sentences=(
            "Hierdie bladsy is uit die rekords van BuffrSign gemaak. Dit sê wat aangeteken is en wanneer, volgens die "
            "platform se eie horlosie, in UTC.",
            "Die SHA-256 hierbo is dié van die dokument se eie lêer, sonder hierdie bladsy. Wie daardie lêer het, kan "
            "dit bereken en die twee vergelyk; enige verandering aan die lêer gee 'n ander waarde.",
            "'n Inskrywing in die ouditgrootboek kan, met 'n bewys van sy plek daarin, getoon word deur wie die "
            "grootboek hou.",
            "'n Karakter wat nie hier gewys kan word nie, staan as sy Unicode-nommer, soos in [U+4E2D].",
            "Hierdie bladsy is nie regsadvies nie, en nie 'n sertifikaat van voldoening aan enige wet nie. Dit maak "
            "nie aanspraak op akkreditasie of erkenning nie, en beslis nóg oor geldigheid nóg oor bewyskrag.",
        ),
    ),
    "de": Words(
        title="Abschlussbescheinigung",
        document="Dokument",
        document_id="Dokument-ID",
        digest="SHA-256",
        completed_at="Abgeschlossen",
        signatories="Um Unterschrift gebetene Personen",
        name="Name",
        role="Rolle",
        signed_at="Unterschrieben (UTC)",
        not_signed="nicht unterschrieben",
        happenings="Was aufgezeichnet wurde",
        when="Zeit (UTC)",
        what="Ereignis",
        who="Person",
        entry="Eintrag im Prüfprotokoll",
        nothing_recorded="Keine.",
        notes="Wie diese Seite zu lesen ist",
        page="Seite {page} von {pages}",
        happened={
            "sent": "zur Unterschrift gesandt",
            "viewed": "geöffnet",
            "consented": "der elektronischen Unterschrift zugestimmt",
            "identified": "Identität geprüft",
            "signed": "unterschrieben",
            "declined": "Unterschrift abgelehnt",
            "reassigned": "an eine andere Person übergeben",
            "completed": "abgeschlossen",
        },
        sentences=(
            "Diese Seite wurde aus den Aufzeichnungen von BuffrSign erstellt. Sie sagt, was wann aufgezeichnet wurde, "
            "nach der eigenen Uhr der Plattform, in UTC.",
            "Der SHA-256-Wert oben ist der der eigenen Datei des Dokuments, ohne diese Seite. Wer jene Datei hat, kann "
            "ihn berechnen und beide vergleichen; jede Änderung an der Datei ergibt einen anderen Wert.",
            "Ein Eintrag im Prüfprotokoll kann, mit einem Nachweis seiner Stelle darin, von dem gezeigt werden, der "
            "das Protokoll führt.",
            "Ein Zeichen, das hier nicht gezeigt werden kann, steht als seine Unicode-Nummer, wie in [U+4E2D].",
            "Diese Seite ist keine Rechtsberatung und keine Bescheinigung, dass ein Gesetz eingehalten wurde. Sie "
            "behauptet weder eine Akkreditierung noch eine Anerkennung und entscheidet weder über Gültigkeit noch über "
            "Beweiskraft.",
        ),
    ),
}


def words_of(locale: str) -> Words:
    """The words of a locale's language, such as `de` for `de-NA`; English where we have none."""
    return WORDS.get(locale.partition("-")[0], WORDS[FALLBACK])
