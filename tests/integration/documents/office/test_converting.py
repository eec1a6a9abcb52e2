"""Office files of every kind become PDFs with their words; those of Office 97 are made by LibreOffice itself here."""

from collections.abc import Callable
from functools import cache

import pytest

from buffrsign.documents import Fields, Inspected, Reason, Unreadable
from buffrsign.documents.sandbox import MadePdf
from buffrsign.documents.sandbox.libreoffice import find_libreoffice
from tests.support import office_files as made
from tests.support import pictures
from tests.support.libreoffice import openly_converted

pytestmark = pytest.mark.needs("libreoffice")

BY_LIBREOFFICE = {"doc": "docx", "xls": "xlsx", "ppt": "pptx"}
THE_7TH_OF_AUGUST_2026 = 46241


@pytest.fixture(scope="module")
def of_office_97(tmp_path_factory) -> Callable[[str], bytes]:
    """A file of Office 97, by kind."""
    folder = tmp_path_factory.mktemp("97")

    @cache
    def make(kind: str) -> bytes:
        newer = BY_LIBREOFFICE[kind]
        return openly_converted(getattr(made, newer)(), newer, to=kind, folder=folder)

    return make


@pytest.fixture(
    params=[
        *("docx", "doc"),
        *(
            pytest.param(kind, marks=pytest.mark.slow)
            for kind in ("pptx", "xlsx", "odt", "ods", "odp", "rtf", "xls", "ppt")
        ),
    ]
)
def kind(request) -> str:
    return request.param


@pytest.fixture
def file(kind, of_office_97) -> bytes:
    return of_office_97(kind) if kind in BY_LIBREOFFICE else getattr(made, kind)()


def test_an_office_file_becomes_a_pdf_that_is_read_like_any_other(sandbox, converted, kind, file):
    pdf = converted(file)

    assert isinstance(pdf, MadePdf), pdf
    office = find_libreoffice()
    assert office
    assert (pdf.made_of, pdf.made_by) == (kind, f"LibreOffice {office.version}")
    assert pdf.has_macros is (None if kind == "ppt" else False)
    report = sandbox.inspect(pdf.pdf)
    assert isinstance(report, Inspected)
    assert (report.pages, report.text_extractable) == (1, True)
    text = sandbox.text_of(pdf.pdf, max_pages=1, max_characters=1000)
    assert made.WORDS in text
    assert is_written_on(pdf.pdf)


def test_a_blank_to_sign_on_is_found(sandbox, converted, kind, file):
    pdf = converted(file)

    assert isinstance(pdf, MadePdf)
    found = sandbox.find_fields(pdf.pdf)
    assert isinstance(found, Fields)
    assert [field.type.value for field in found.fields] == ["signature"]


def test_what_libreoffice_cannot_read_is_damaged_and_no_text_to_it(sandbox):
    docx = made.zipped({**made.members(made.docx()), "word/_rels/document.xml.rels": "no XML"})
    broken = docx.replace(b"_rels/.rels", b"_rels/.sler")

    assert sandbox.to_pdf(broken) == Unreadable.because(Reason.DAMAGED)


def test_macros_are_told_and_not_run(sandbox, tmp_path):
    """The macro would write the file when the document opens."""
    written = tmp_path / "written"
    basic = f'Sub Main\nn = FreeFile\nOpen "{written}" For Output As #n\nPrint #n, "ran"\nClose #n\nEnd Sub'
    opened = (
        '<office:scripts><office:event-listeners><script:event-listener script:language="ooo:script" '
        'script:event-name="dom:load" '
        'xlink:href="vnd.sun.star.script:Standard.M.Main?language=Basic&amp;location=document"/>'
        "</office:event-listeners></office:scripts>"
    )
    assert isinstance(made_pdf := sandbox.to_pdf(made.odt_with_basic(basic, opened)), MadePdf)

    assert made_pdf.has_macros
    assert not written.exists()


def test_a_date_of_a_sheet_is_written_as_in_namibia_and_not_as_in_america(sandbox, converted):
    pdf = converted(made.xlsx_of_a_date(days=THE_7TH_OF_AUGUST_2026))

    assert isinstance(pdf, MadePdf)
    assert sandbox.text_of(pdf.pdf, max_pages=1, max_characters=100).strip() == "2026/08/07"


def is_written_on(pdf: bytes) -> bool:
    darkest, lightest = pictures.opened(pictures.thumbnail(pdf)).convert("L").getextrema()
    return darkest < 160 and lightest == 255
