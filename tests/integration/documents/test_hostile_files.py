"""Files made to break readers: each function answers, with a value."""

import subprocess
import sys
import textwrap

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from buffrsign.documents import (
    MAX_PAGES,
    Appended,
    DrawnPages,
    Inspected,
    Look,
    Reason,
    Rung,
    Sanitised,
    Unreadable,
    append_pages,
    draw_pages,
    inspect,
    picture_to_pdf,
    sanitise,
    text_of,
)
from tests.support import described, pdfs

SEEDS = [pdfs.plain(), pdfs.rotated(), pdfs.encrypted(), pdfs.with_field(kind="/Sig", value=True), pdfs.picture_only()]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A small PDF in which some bytes were replaced, removed or repeated."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(0, 40))
        patch = draw(
            st.binary(max_size=8) | st.sampled_from([b"-1", b"99999999", b" R", b"<<", b"]", b"null", b"/Kids"])
        )
        data[at : at + length] = patch
    return bytes(data)


@seed(20261102)
@settings(max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_no_mutation_of_a_document_makes_a_reader_raise(data):
    assert isinstance(inspect(data), Inspected | Unreadable)
    assert isinstance(sanitise(data), Sanitised | Unreadable)
    assert isinstance(append_pages(data + pdfs.plain(), first_bytes=len(data)), Appended | Unreadable)
    assert isinstance(draw_pages(data, count=2, looks=Look.THUMBNAIL_PNG), DrawnPages | Unreadable)
    assert isinstance(text_of(data, max_pages=5, max_characters=1000), str | Unreadable)


def test_objects_that_all_lie_elsewhere_are_not_searched_for_one_by_one():
    lost = b"".join(b"%d 0 R " % number for number in range(5, 1005))
    data = described.telling(described.stream(b"", bytes(1_000_000)), page=b"/Annots [%s]" % lost)

    found = inspect(data)

    assert isinstance(found, Inspected)
    assert found.read_by is Rung.REBUILT


def test_a_document_of_too_many_parts_says_that_not_all_of_it_was_looked_at():
    links = b"".join(b"<< /A << /S /URI >> >> " for _ in range(30_000))

    found = inspect(described.telling(page=b"/Annots [%s]" % links))

    assert isinstance(found, Inspected)
    assert found.structure is not None
    assert not found.structure.is_complete
    assert found.structure.links.count < 30_000


def test_a_picture_of_too_many_frames_is_refused():
    assert picture_to_pdf(described.tiff_of(frames=MAX_PAGES + 1)) == Unreadable.because(Reason.TOO_MANY_PAGES)


READ_A_PICTURE = """
    import sys
    from contextlib import nullcontext
    from io import BytesIO
    from pypdf import PdfReader
    from buffrsign.documents.structure import reading
    from tests.support import pdfs

    data = pdfs.with_jbig2_picture()
    with reading(data) if sys.argv[1] == "ours" else nullcontext(PdfReader(BytesIO(data))) as reader:
        try:
            reader.pages[0].images[0]
        except Exception as error:
            print(type(error).__name__)
"""


def test_pypdf_never_starts_jbig2dec(tmp_path):
    started = tmp_path / "started"
    program = tmp_path / "jbig2dec"
    program.write_text(f"#!/bin/sh\n: > {started}\nexit 1\n")
    program.chmod(0o700)

    def read_a_picture(whose: str) -> None:
        command = [sys.executable, "-c", textwrap.dedent(READ_A_PICTURE), whose]
        subprocess.run(command, check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": "."})

    read_a_picture("ours")
    assert not started.exists()

    read_a_picture("theirs")
    assert started.exists(), "pypdf on its own no longer starts it: this test proves nothing any more"


def test_pdfium_objects_are_closed_by_us_and_not_at_exit():
    program = """
        from pypdfium2.internal import ObjectTracker
        from buffrsign.documents import draw_pages, inspect, sanitise, text_of
        from tests.support import pdfs

        for data in (pdfs.plain(pages=3), pdfs.encrypted(), pdfs.with_field(), pdfs.with_cyclic_page_tree()):
            inspect(data), draw_pages(data, first=9), sanitise(data)
            draw_pages(data, count=4, looks=1), text_of(data, max_pages=1, max_characters=10)
            assert not any(ObjectTracker.values()), dict(ObjectTracker)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program)]

    ended = subprocess.run(command, check=True, capture_output=True, text=True)

    assert ended.stderr.replace("document could not be read", "").strip() == ""
