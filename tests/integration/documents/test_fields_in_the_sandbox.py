"""The search for fields under the limits of a child."""

import time
from io import BytesIO

import pytest
from pypdf import PdfReader, PdfWriter

from buffrsign.documents import Fields, Reason, Unreadable
from buffrsign.documents.sandbox import Sandbox
from tests.support import bombs, pdfs
from tests.support.signing import HEIGHT_PT, Paper


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def contract(*, pages: int) -> bytes:
    """Full pages of text, each with words for which it is looked at, and a line to sign on at the end."""
    full, last = Paper(), Paper().say(72, 500, "Signature:").rule(140, 320, 500)
    for row in range(48):
        full.say(50, HEIGHT_PT - 60 - 15 * row, "The goods stay insured until they are signed by the buyer and paid.")
    writer = PdfWriter()
    page = PdfReader(BytesIO(full.written())).pages[0]
    for _ in range(pages):
        writer.add_page(page)
    writer.append(BytesIO(last.written()))
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def test_a_contract_of_a_hundred_full_pages_is_searched_within_the_limits(sandbox):
    sandbox.find_fields(pdfs.plain())  # so that the zygote is there
    data = contract(pages=100)

    found = sandbox.find_fields(data)

    assert isinstance(found, Fields)
    assert (found.pages, found.pages_read, found.pages_skipped) == (101, 101, 0)
    assert [(field.type.value, field.page) for field in found.fields] == [("signature", 101)]


def test_of_a_very_long_document_the_last_pages_are_searched(sandbox):
    found = sandbox.find_fields(pdfs.plain(pages=900))

    assert isinstance(found, Fields)
    assert (found.pages, found.pages_skipped) == (900, 600)


@pytest.mark.parametrize("levels", [40])
def test_a_form_that_would_keep_its_reader_busy_is_damaged(sandbox, levels):
    began = time.monotonic()

    assert sandbox.find_fields(pdfs.with_shared_fields(levels=levels)) == Unreadable.because(Reason.DAMAGED)
    assert time.monotonic() - began < 10


def test_a_bomb_is_an_outcome(sandbox):
    found = sandbox.find_fields(bombs.flate_in_flate(mib=300))

    assert isinstance(found, Unreadable)
    assert found.reason is Reason.RESOURCE_LIMIT
