import pytest

from buffrsign.documents.certificate.characters import shown


@pytest.mark.parametrize(
    ("text", "page_shows"),
    [
        ("ǁKaras ǂNūkhoe Müller Ōshiwambo Łukasz Ωmega Иван", "ǁKaras ǂNūkhoe Müller Ōshiwambo Łukasz Ωmega Иван"),
        ("Zoe\u0308", "Zoë"),
        ("中", "[U+4E2D]"),
        ("שלום", "[U+05E9][U+05DC][U+05D5][U+05DD]"),
        ("a\u202eb\u200dc", "a[U+202E]b[U+200D]c"),
        ("a\n \tb", "a b"),
        ("🖋", "[U+1F58B]"),
    ],
)
def test_every_character_is_shown_as_it_is_or_by_its_number(text, page_shows):
    assert shown(text) == page_shows
