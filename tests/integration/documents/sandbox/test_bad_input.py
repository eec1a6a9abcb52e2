"""What a stranger can upload, and what it is called, at the reader that everything goes through."""

from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

import pytest

from buffrsign.documents import Inspected, Reason, Unreadable
from buffrsign.documents.sandbox import Sandbox
from tests.support import bombs, pdfs, structure_bombs


def pdf_in_a_zip() -> bytes:
    """As mail programs pack it, without compression: its header stands near the beginning."""
    file = BytesIO()
    with ZipFile(file, "w") as folder:
        folder.writestr("contract.pdf", pdfs.plain())
    return file.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], Reason]] = {
    "zero bytes": (lambda: b"", Reason.EMPTY),
    "a byte": (lambda: b"%", Reason.NOT_A_PDF),
    "50,000 pages": (lambda: pdfs.with_page_repeated(times=50_000), Reason.TOO_MANY_PAGES),
    "flate bomb": (lambda: bombs.flate(mib=300), Reason.RESOURCE_LIMIT),
    "cyclic page tree": (pdfs.with_cyclic_page_tree, Reason.DAMAGED),
    "password": (lambda: pdfs.encrypted(user_password="secret"), Reason.ENCRYPTED),
    "PNG named .pdf": (lambda: bombs.png_of(width=10, height=10), Reason.NOT_A_PDF),
}

READABLE: dict[str, Callable[[], bytes]] = {
    "image of 100,000 by 100,000 pixels": lambda: bombs.image(edge=100_000),
    "deep nesting": bombs.deep_nesting,
    "xref loop": bombs.xref_loop,
    "xref chain": lambda: structure_bombs.xref_chain(links=10),
    "XFA only": pdfs.with_xfa_only,
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_has_the_right_name(sandbox: Sandbox, make: Callable[[], bytes], reason: Reason) -> None:
    assert sandbox.inspect(make()) == Unreadable.because(reason)


@pytest.mark.parametrize("make", READABLE.values(), ids=READABLE)
def test_what_only_looks_bad_is_read(sandbox: Sandbox, make: Callable[[], bytes]) -> None:
    found = sandbox.inspect(make())

    assert isinstance(found, Inspected)
    assert found.pages == 1


def test_an_xfa_form_is_noticed(sandbox: Sandbox) -> None:
    found = sandbox.inspect(pdfs.with_xfa_only())

    assert isinstance(found, Inspected)
    assert found.has_forms


def test_a_pdf_in_a_zip_is_no_pdf_although_its_header_is_there(sandbox: Sandbox) -> None:
    data = pdf_in_a_zip()

    assert b"%PDF-" in data[:1024]
    assert sandbox.inspect(data) == Unreadable.because(Reason.NOT_A_PDF)
