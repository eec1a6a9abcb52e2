import random
import time
from struct import pack

import pytest

from buffrsign.documents import Reason, Unreadable
from buffrsign.documents.office import OfficeFile, OfficeKind, recognise_office
from buffrsign.documents.office.zip_folder import MOST_BYTES, MOST_MEMBERS
from tests.support import office_files as made
from tests.support import pdfs

RECORDS_OF_A_SHEET = pack("<HH16x", 0x0809, 16)
FILE_PASS = pack("<HH2x", 0x002F, 2)


def word(*, mark: int = 0xA5EC, flags: int = 0) -> bytes:
    return pack("<H8xH", mark, flags)


MAIN = {"word/document.xml": "<a/>", "xl/workbook.xml": "<a/>", "ppt/presentation.xml": "<a/>"}

KINDS = {
    **{kind: getattr(made, kind)() for kind in ("docx", "xlsx", "pptx", "odt", "ods", "odp", "rtf")},
    "doc": made.compound({"WordDocument": word(), "1Table": b""}),
    "xls": made.compound({"Workbook": RECORDS_OF_A_SHEET}),
    "ppt": made.compound({"PowerPoint Document": b"", "Current User": b""}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_what_is_in_it(kind):
    found = recognise_office(KINDS[kind])

    assert found == OfficeFile(OfficeKind(kind), None if kind == "ppt" else False)


@pytest.mark.parametrize(
    ("main_part", "kind", "parts"),
    [
        ("application/vnd.ms-word.document.macroEnabled.main+xml", "docx", {"word/vbaProject.bin": b"\xd0\xcf"}),
        ("application/vnd.ms-word.template.macroEnabledTemplate.main+xml", "docx", {"word/vbaProject.bin": b""}),
        ("application/vnd.ms-excel.sheet.macroEnabled.main+xml", "xlsx", {"xl/macrosheets/sheet1.xml": "<a/>"}),
        ("application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml", "pptx", {"ppt/VBAPROJECT.BIN": b""}),
    ],
)
def test_macros_are_told_and_do_not_change_the_kind(main_part, kind, parts):
    assert recognise_office(made.ooxml(kind, MAIN | parts, main_part=main_part)) == OfficeFile(OfficeKind(kind), True)


@pytest.mark.parametrize(
    "data",
    [
        made.odt(more={"Basic/Standard/Module1.xml": "<a/>"}),
        made.compound({"WordDocument": word()}, storages=("Macros",)),
        made.compound({"Workbook": RECORDS_OF_A_SHEET}, storages=("_VBA_PROJECT_CUR",)),
    ],
    ids=["odt", "doc", "xls"],
)
def test_macros_are_told_of_other_formats_too(data):
    found = recognise_office(data)

    assert isinstance(found, OfficeFile)
    assert found.has_macros


@pytest.mark.parametrize("form", ["document", "template"])
def test_a_template_is_a_document(form):
    data = made.ooxml("docx", MAIN, main_part=made.MAIN_PARTS["docx"].replace("document.main", f"{form}.main"))

    assert recognise_office(data) == OfficeFile(OfficeKind.DOCX, False)


ENCRYPTED = {
    "Open XML": made.compound({"EncryptedPackage": b"", "EncryptionInfo": b""}),
    "ODF": made.odt(manifest="<manifest:encryption-data/>"),
    "doc": made.compound({"WordDocument": word(flags=0x0100)}),
    "xls": made.compound({"Workbook": RECORDS_OF_A_SHEET + FILE_PASS}),
    "ppt": made.compound({"PowerPoint Document": b"", "EncryptedSummary": b""}),
}


@pytest.mark.parametrize("data", ENCRYPTED.values(), ids=ENCRYPTED)
def test_a_file_behind_a_password_is_encrypted(data):
    assert recognise_office(data) == Unreadable.because(Reason.ENCRYPTED)


@pytest.mark.parametrize(
    "data",
    [made.compound({"WordDocument": word(mark=0xA5DC)}), made.compound({"Book": RECORDS_OF_A_SHEET})],
    ids=["doc", "xls"],
)
def test_what_is_older_than_office_97_is_told(data):
    found = recognise_office(data)

    assert isinstance(found, OfficeFile)
    assert found.is_before_97


NO_OFFICE = {
    "a PDF": pdfs.plain(),
    "a PDF in a ZIP": made.zipped({"contract.pdf": pdfs.plain()}),
    "a ZIP cut off": made.zipped({"contract.pdf": pdfs.plain()})[:200],
    "a docx in a ZIP": made.zipped({"contract.docx": made.docx()}),
    "a ZIP with an empty list of types": made.zipped({"[Content_Types].xml": "<Types/>"}),
    "an EPUB": made.zipped({"mimetype": "application/epub+zip"}),
    "a drawing of ODF": made.zipped({"mimetype": "application/vnd.oasis.opendocument.graphics"}),
    "a letter of Outlook": made.compound({"__properties_version1.0": b""}),
    "a sheet within something else": made.compound({"Own": b""}, storages=("Pool",), within=("Workbook",)),
    "words": b"Agreement of lease",
}


@pytest.mark.parametrize("data", NO_OFFICE.values(), ids=NO_OFFICE)
def test_anything_else_is_no_office_file(data):
    assert recognise_office(data) == Unreadable.because(Reason.UNSUPPORTED)


def test_a_document_that_embeds_a_sheet_is_a_document():
    data = made.compound({"WordDocument": word()}, storages=("ObjectPool",), within=("Workbook",))

    assert recognise_office(data) == OfficeFile(OfficeKind.DOC, False)


@pytest.mark.parametrize("kind", ["docx", "odt", "doc"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_is_cut_off_is_damaged_or_what_its_beginning_says(kind, share):
    data = KINDS[kind]

    found = recognise_office(data[: int(len(data) * share)])

    assert found in (Unreadable.because(Reason.DAMAGED), OfficeFile(OfficeKind(kind), False))
    assert isinstance(found, Unreadable) or kind == "doc"


@pytest.mark.parametrize(
    "data",
    [
        made.ooxml("docx", {"word/document.xml": "<a><b>the first half"}),
        made.ooxml("docx", {"word/document.xml": b""}),
        made.ooxml("docx", {}),
        made.odf("odt", "<office:text><text:p>the first half"),
    ],
    ids=["cut off", "empty", "missing", "ODF cut off"],
)
def test_a_document_of_which_libreoffice_would_show_a_part_is_damaged(data):
    assert recognise_office(data) == Unreadable.because(Reason.DAMAGED)


def test_entities_that_multiply_are_no_document():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(10))
    data = made.ooxml("docx", {"word/document.xml": f"<!DOCTYPE a [{entities}]><a>&e9;</a>"})
    began = time.process_time()

    found = recognise_office(data)

    assert found == Unreadable.because(Reason.DAMAGED)
    assert time.process_time() - began < 1


def changed(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def lying(field: int) -> bytes:
    """A docx whose directory lies about its length (12) or its place (16)."""
    data = made.docx()
    end = data.rfind(b"PK\x05\x06")
    return changed(data, end + field, pack("<I", 0x7FFFFFFF))


BOMBS = {
    "20,001 members": (lambda: made.directory_of(MOST_MEMBERS + 1), Reason.RESOURCE_LIMIT),
    "a million members": (lambda: made.directory_of(1_000_000), Reason.RESOURCE_LIMIT),
    "a million members that say they are one": (
        lambda: made.directory_of(1_000_000, says=1),
        Reason.RESOURCE_LIMIT,
    ),
    "a list of types that unpacks to 60 MB": (
        lambda: made.zipped({"[Content_Types].xml": b"<" * 60_000_000}),
        Reason.RESOURCE_LIMIT,
    ),
    "a media type that unpacks to 60 MB": (
        lambda: made.zipped({"mimetype": b" " * 60_000_000}, stored=frozenset()),
        Reason.RESOURCE_LIMIT,
    ),
    "a directory that lies about its length": (lambda: lying(12), Reason.DAMAGED),
    "a directory that lies about its place": (lambda: lying(16), Reason.DAMAGED),
    "a directory of OLE that loops": (lambda: made.compound({"Own": b""}, loops=True), Reason.UNSUPPORTED),
    "a compound file of nothing but a header": (lambda: made.compound({})[:512], Reason.DAMAGED),
}


@pytest.mark.parametrize(("make", "reason"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_has_a_name_and_costs_little(make, reason):
    data = make()
    began = time.process_time()

    found = recognise_office(data)

    assert found == Unreadable.because(reason)
    assert time.process_time() - began < 1


def test_a_loop_in_a_compound_file_hides_nothing():
    assert recognise_office(made.compound({"WordDocument": word()}, loops=True)) == OfficeFile(OfficeKind.DOC, False)


def test_tables_of_a_compound_file_that_lead_back_to_themselves_end():
    data = made.compound({"WordDocument": word()})
    looping = changed(data, 68, pack("<II", 0, 1))  # further tables begin at the first one

    found = recognise_office(looping)

    assert isinstance(found, OfficeFile | Unreadable)


def test_a_list_of_types_may_be_deep_and_long():
    deep = b"<a>" * 1_000_000
    assert len(deep) < MOST_BYTES
    types = deep + f'<Override PartName="/main.xml" ContentType="{made.MAIN_PARTS["docx"]}"/>'.encode()

    assert recognise_office(made.zipped({"[Content_Types].xml": types, "main.xml": "<a/>"})) == OfficeFile(
        OfficeKind.DOCX, False
    )


@pytest.mark.parametrize("kind", ["docx", "odt", "doc", "xls", "ppt"])
def test_changed_bytes_never_raise(kind):
    dice = random.Random(20261127)  # noqa: S311

    for _ in range(200):
        data = bytearray(KINDS[kind])
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] = dice.choice([0, 0xFF, dice.randrange(256)])

        assert isinstance(recognise_office(bytes(data)), OfficeFile | Unreadable)
