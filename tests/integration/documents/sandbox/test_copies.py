"""Copies come out of a child as this process makes them, and what would cost too much has a name."""

import pytest

from buffrsign.documents import Appended, Reason, Sanitised, Unreadable, append_pages, sanitise
from buffrsign.documents.sandbox import Limits, Sandbox
from tests.support import bombs, pdfs
from tests.support.active_pdfs import ACTIVE, hidden_where_a_name_is_lost

OURS = pdfs.plain(text="Ours.")

FILES = {
    "plain": pdfs.plain(pages=3),
    "scripts": ACTIVE["scripts of the document"][0],
    "encrypted": pdfs.encrypted(),
    "encrypted with AES-256": pdfs.aes256_with_empty_password(),
    "password": pdfs.aes256_with_user_password(),
    "signed": pdfs.with_field(kind="/Sig", value=True),
    "another look": hidden_where_a_name_is_lost(),
    "truncated": pdfs.truncated(),
    "empty": pdfs.EMPTY,
    "5,001 pages": pdfs.with_page_repeated(times=5001),
    "cyclic page tree": pdfs.with_cyclic_page_tree(),
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_a_child_makes_what_this_process_makes(sandbox, data):
    assert sandbox.sanitise(data) == sanitise(data)
    assert sandbox.append_pages(data, OURS) == append_pages(data + OURS, first_bytes=len(data))


def test_a_signed_document_is_copied_in_a_child_if_that_is_asked_for(sandbox):
    data = FILES["signed"]

    assert sandbox.sanitise(data, even_signed=True) == sanitise(data, even_signed=1)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(bombs.flate_in_flate(mib=300), id="flate in flate"),
        pytest.param(bombs.nested_forms(), id="nested forms"),
        pytest.param(bombs.tiling(), id="tiling"),
    ],
)
def test_a_bomb_is_not_copied_at_any_cost(hasty, data):
    assert hasty.sanitise(data) == Unreadable.because(Reason.RESOURCE_LIMIT)


@pytest.mark.parametrize(
    "bomb", [bombs.deep_nesting, bombs.xref_of_millions, bombs.xref_loop, bombs.jbig2, bombs.predictor]
)
def test_what_does_not_go_off_is_copied_or_named(sandbox, bomb):
    data = bomb()

    assert isinstance(sandbox.sanitise(data), Sanitised | Unreadable)
    assert isinstance(sandbox.append_pages(data, OURS), Appended | Unreadable)
    assert sandbox.sanitise(pdfs.plain()) == sanitise(pdfs.plain())


@pytest.fixture(scope="module")
def hasty():
    """A sandbox in which bombs go off soon."""
    sandbox = Sandbox(Limits(cpu_s=0.4))
    yield sandbox
    sandbox.close()
