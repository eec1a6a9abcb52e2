"""Every locale says every sentence, with the same words, and says so when it does not."""

from pathlib import Path

import msgspec
import pytest
import yaml
from jinja2 import Environment, meta

from buffrsign.core.errors import Permanent
from buffrsign.mail.catalogue import LOCALES, CatalogueRefused, Catalogues, SentenceBroken, read_catalogue
from buffrsign.mail.letters import Letters
from buffrsign.mail.outlines import required_paths
from buffrsign.mail.samples import SAMPLE_NOW, SAMPLES, sample

FILES = sorted(LOCALES.glob("*.yaml"))
EVERY_LOCALE = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


def sentences(file: Path) -> dict[str, str]:
    """What a catalogue says, by path, read without our own code."""

    def flat(tree: object, path: str) -> dict[str, str]:
        if not isinstance(tree, dict):
            return {path: str(tree)}
        return {at: said for name, branch in tree.items() for at, said in flat(branch, f"{path}.{name}").items()}

    read = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return {path.removeprefix("."): said for path, said in flat(read, "").items()}


@pytest.fixture
def copy(tmp_path):
    """A folder with a copy of English that a test may spoil."""

    def spoil(old: str, new: str) -> Path:
        written = (LOCALES / "en.yaml").read_text("utf-8")
        assert old in written
        file = tmp_path / "en.yaml"
        file.write_text(written.replace(old, new, 1), "utf-8")
        return file

    return spoil


def test_letters_are_written_in_english_afrikaans_and_german():
    assert Catalogues().locales == {"en", "af", "de"}


@EVERY_LOCALE
def test_every_locale_has_every_sentence_and_no_other(file):
    assert sentences(file).keys() - {"shared.months"} == required_paths()


@EVERY_LOCALE
def test_every_locale_can_be_read(file):
    assert read_catalogue(file).locale == file.stem


@EVERY_LOCALE
def test_every_sentence_says_the_same_words_as_its_english_one(file):
    def words(said: str) -> set[str]:
        return meta.find_undeclared_variables(Environment(autoescape=True).parse(said))

    english, here = sentences(LOCALES / "en.yaml"), sentences(file)

    assert {path: words(said) for path, said in here.items()} == {path: words(said) for path, said in english.items()}


@pytest.mark.parametrize("locale", ["af", "de"])
def test_no_sentence_was_left_in_english(locale):
    english, here = sentences(LOCALES / "en.yaml"), sentences(LOCALES / f"{locale}.yaml")

    assert [path for path, said in here.items() if said == english[path]] == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  urges:\n", "  urged:\n", "signature_reminder.urges.first is missing"),
        ('    unnamed: "Hello,"\n', "", "shared.greeting.unnamed is missing"),
        ("  link_hint:", "  link_hints:", "shared.link_hints is said by no letter"),
        ('"Or open this link:"', '""', "shared.link_hint is no text"),
        ('"Or open this link:"', "7", "shared.link_hint is no text"),
        ("[January, ", "[", "shared.months must be a list of twelve"),
    ],
)
def test_a_catalogue_that_does_not_fit_is_refused_with_all_that_is_wrong(copy, old, new, problem):
    file = copy(old, new)

    with pytest.raises(CatalogueRefused) as refused:
        read_catalogue(file)

    assert problem in refused.value.problems
    assert problem in str(refused.value)
    assert isinstance(refused.value, Permanent)


@pytest.mark.parametrize("said", ["{{ documnet_title }}", "{{ document_title", "{% if %}"])
def test_a_sentence_that_cannot_be_written_fails_by_its_name_instead_of_leaving_a_gap(copy, said):
    file = copy("You can read the document first and then sign it online.", said)
    letters = Letters("no-reply@buffrsign.example", locales=file.parent)

    with pytest.raises(SentenceBroken, match=r"signature_request\.preheader in en\.yaml") as broken:
        letters.render(SAMPLES["email.signature_request"])

    assert isinstance(broken.value, Permanent)


def test_a_corrected_sentence_is_what_the_letter_says(copy):
    file = copy("Everyone who was asked has signed this document:", "All have signed:")
    letters = Letters("no-reply@buffrsign.example", locales=file.parent)

    letter = letters.render(SAMPLES["email.document_completed"])

    assert "\n\nAll have signed:\n\n" in letter.text
    assert ">All have signed:</p>" in letter.html


def test_a_new_locale_is_one_file(copy):
    english = copy("Or open this link:", "Ou abra este link:")
    english.rename(english.with_name("pt.yaml"))
    letters = Letters("no-reply@buffrsign.example", locales=english.parent, clock=lambda: SAMPLE_NOW)

    letter = letters.render(sample("email.signature_request", locale="pt-BR"))

    assert letter.language == "pt"
    assert "Ou abra este link:" in letter.html


def test_each_catalogue_is_read_once_however_many_locales_fall_back_to_it(copy):
    file = copy("Or open this link:", "This is the link:")
    letters = Letters("no-reply@buffrsign.example", locales=file.parent)
    request = SAMPLES["email.signature_request"]
    letters.render(request)
    file.unlink()

    portuguese = msgspec.structs.replace(request, recipient=msgspec.structs.replace(request.recipient, locale="pt"))

    assert "This is the link:" in letters.render(portuguese).html
