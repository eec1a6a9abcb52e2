import pytest

from buffrsign.documents import Inspected, Structure, inspect
from buffrsign.documents.actions import Act, ActionsFound, Links, Place
from buffrsign.documents.enclosures import EmbeddedFile
from buffrsign.documents.encryption import Encryption
from buffrsign.documents.resources import Font, Fonts, Images
from tests.support import described, pdfs


def structure(data: bytes) -> Structure:
    found = inspect(data)
    assert isinstance(found, Inspected)
    assert found.structure is not None
    return found.structure


def test_each_font_is_named_once_with_its_type_and_whether_the_file_brings_it():
    assert structure(described.of_many_fonts()).fonts == Fonts(
        (
            Font("", "Type3", True),
            Font("Garamond", "TrueType", True),
            Font("Helvetica", "Type1", False),
            Font("Noto", "CIDFontType2", True),
        ),
        total=4,
    )


def test_pictures_are_counted_also_within_forms_that_draw_themselves():
    assert structure(described.of_many_fonts()).images == Images(2, 300, 200)


def test_fields_are_counted_by_type_and_not_by_the_places_where_they_are_shown():
    form = structure(described.of_many_fields()).form

    assert form is not None
    assert form.xfa
    assert form.fields == {
        "button": 1,
        "checkbox": 1,
        "choice": 1,
        "other": 1,
        "radio": 1,
        "signature": 1,
        "text": 1,
    }


def test_a_form_of_xfa_alone_is_a_form():
    found = inspect(described.telling(catalog=b"/AcroForm << /XFA [(template) 4 0 R] /Fields [] >>"))

    assert isinstance(found, Inspected)
    assert found.has_forms


def test_what_a_document_does_by_itself_is_told_with_its_place():
    found = structure(described.of_many_actions())

    assert found.active_content
    assert set(found.actions) == {
        ActionsFound(Act.IMPORT_DATA, Place.DOCUMENT, 1),
        ActionsFound(Act.JAVASCRIPT, Place.ANNOTATION, 1),
        ActionsFound(Act.JAVASCRIPT, Place.FIELD, 1),
        ActionsFound(Act.JAVASCRIPT, Place.NAMES, 1),
        ActionsFound(Act.JAVASCRIPT, Place.OPEN_ACTION, 1),
        ActionsFound(Act.JAVASCRIPT, Place.PAGE, 1),
        ActionsFound(Act.LAUNCH, Place.OPEN_ACTION, 1),
        ActionsFound(Act.OTHER_FILE, Place.OUTLINE, 1),
        ActionsFound(Act.RICH_MEDIA, Place.ANNOTATION, 2),
        ActionsFound(Act.SUBMIT_FORM, Place.FIELD, 1),
    }


def test_of_a_link_out_only_the_host_is_kept():
    assert structure(described.of_many_actions()).links == Links(2, ("example.com",), 1)


def test_an_ordinary_document_does_nothing_by_itself():
    found = structure(pdfs.plain())

    assert not found.active_content
    assert (found.actions, found.links) == ((), Links(0, (), 0))


def test_hosts_are_cut_and_their_number_is_not():
    links = b"".join(b"<< /A << /S /URI /URI (http://h%d.example) >> >> " % number for number in range(80))

    found = structure(described.telling(page=b"/Annots [%s]" % links)).links

    assert (found.count, len(found.hosts), found.hosts_total) == (80, 50, 80)


def test_files_in_the_file_are_told_by_ending_and_size_and_never_by_name():
    found = structure(described.with_files())

    assert found.embedded_files == (EmbeddedFile(".xml", 777), EmbeddedFile("", None), EmbeddedFile(".docx", None))
    assert found.embedded_files_total == 3


@pytest.mark.parametrize(
    ("packet", "claim"),
    [
        pytest.param(b'<x pdfaid:part="2" pdfaid:conformance="B"/>', "2b", id="attributes"),
        pytest.param(b"<pdfaid:part> 1 </pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>", "1a", id="elements"),
        pytest.param("<pdfaid:part>3</pdfaid:part>".encode("utf-16"), "3", id="UTF-16"),
        pytest.param(b"<pdfaid:part>4</pdfaid:part>", "4", id="no conformance"),
        pytest.param(b"<dc:title>part 2</dc:title>", None, id="no claim"),
    ],
)
def test_a_claim_to_be_an_archive_file_is_read_from_the_metadata(packet, claim):
    found = structure(described.with_xmp(packet))

    assert (found.archive_claim, found.metadata.xmp) == (claim, True)


def test_of_the_description_only_lengths_are_told():
    data = described.telling(b"<< /Title (Deed) /Author (A. Shikongo) /Subject () /Custom (x) >>")
    data = data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Info 4 0 R")

    assert structure(data).metadata.entries == {"Title": 4, "Author": 11}


def test_turned_pages_say_how_far():
    assert structure(pdfs.rotated()).rotations == (90,)
    assert structure(described.telling(page=b"/Rotate -90")).rotations == (270,)
    assert structure(described.telling(page=b"/Rotate 45")).rotations == (0,)


@pytest.mark.parametrize(
    ("data", "encryption"),
    [
        (pdfs.encrypted(), Encryption("RC4-128", 3)),
        (pdfs.encrypted(algorithm="RC4-40"), Encryption("RC4-40", 2)),
        (pdfs.aes256_with_empty_password(), Encryption("AES-256", 6)),
        (pdfs.plain(), None),
    ],
    ids=["RC4", "RC4, short", "AES", "none"],
)
def test_the_protection_of_a_document_has_a_name(data, encryption):
    found = inspect(data)

    assert isinstance(found, Inspected)
    assert found.encryption == encryption


@pytest.mark.parametrize(
    "data",
    [
        described.telling(b"<< /Kids [4 0 R] >>", catalog=b"/Names << /JavaScript 4 0 R /EmbeddedFiles 4 0 R >>"),
        described.telling(b"<< /S /Named /Next 4 0 R >>", catalog=b"/OpenAction 4 0 R"),
        described.telling(b"<< /First 4 0 R /Next 4 0 R >>", catalog=b"/Outlines 4 0 R"),
        described.telling(
            b"<< /XObject << /F 5 0 R >> >>",
            described.stream(b"/Subtype /Form /Resources 4 0 R", b""),
            page=b"/Resources 4 0 R",
        ),
    ],
    ids=["name tree", "actions", "outline", "forms"],
)
def test_a_structure_that_contains_itself_is_walked_once(data):
    assert structure(data).is_complete
