"""What a completion letter says of the document that it comes with, in every language."""

import pytest

from buffrsign.mail.catalogue import Catalogues
from buffrsign.mail.letters import Letters
from buffrsign.mail.samples import ENCLOSED, SAMPLE_NOW, sample

KIND = "email.document_completed"
LOCALES = sorted(Catalogues().locales)
FORMS = ENCLOSED[KIND]
LETTERS = Letters("no-reply@buffrsign.example", clock=lambda: SAMPLE_NOW)


def text(form: str, *, locale: str = "en") -> str:
    """The letter in one line, as lines are folded anywhere."""
    return " ".join(LETTERS.render(sample(KIND, locale=locale), FORMS[form]).text.split())


def test_an_attached_document_is_said_to_be_attached():
    assert "The signed document is attached to this letter." in text("attached")


def test_a_linked_document_is_said_to_be_there_until_its_time_with_the_link_and_for_whom_it_is():
    url = FORMS["linked"].url

    assert "You can download it until 24 December 2026 at 10:30, Namibian time (UTC+02:00)." in text("linked")
    assert f"Download the document: {url}" in text("linked")
    assert "The link is for you alone" in text("linked")


def test_a_document_that_is_withheld_is_said_to_be_so_with_the_way_to_it():
    assert "is too large to be attached. Please sign in to BuffrSign" in text("too_large")
    assert "could not be attached. Please sign in to BuffrSign" in text("unavailable")


@pytest.mark.parametrize("locale", LOCALES)
def test_each_form_is_another_letter_in_every_language(locale):
    letters = [text(form, locale=locale) for form in FORMS]
    without = " ".join(LETTERS.render(sample(KIND, locale=locale)).text.split())

    assert len({*letters, without}) == len(FORMS) + 1


@pytest.mark.parametrize("form", FORMS)
def test_no_form_but_the_linked_one_has_a_link_to_download(form):
    assert ("token=" in LETTERS.render(sample(KIND), FORMS[form]).html) is (form == "linked")


@pytest.mark.parametrize("form", FORMS)
def test_a_letter_keeps_its_message_id_and_subject_in_every_form(form):
    with_file, without = LETTERS.render(sample(KIND), FORMS[form]), LETTERS.render(sample(KIND))

    assert (with_file.message_id, with_file.subject) == (without.message_id, without.subject)
