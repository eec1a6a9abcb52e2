"""Whatever happens to LibreOffice over a file has a name, and leaves neither a process nor a folder."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from buffrsign.documents import Reason, Unreadable
from buffrsign.documents.office import OfficeFile, OfficeKind
from buffrsign.documents.sandbox import NOT_INSTALLED, Limits, MadePdf, Office, Sandbox, SandboxBroken
from buffrsign.documents.sandbox.endings import Killed
from buffrsign.documents.sandbox.libreoffice import OfficeLimits
from buffrsign.documents.sandbox.libreoffice.converting import Converter
from buffrsign.documents.sandbox.libreoffice.scratch import remove
from buffrsign.documents.sandbox.limits import MIB
from buffrsign.documents.sandbox.pool import Pool
from buffrsign.documents.sandbox.sandbox import OUR_READERS
from tests.integration.documents.sandbox.test_lifecycle import Interrupted, interrupted_after, parent_of
from tests.support import bombs
from tests.support import office_files as made
from tests.support.libreoffice import working_in
from tests.support.wait import wait_until

pytestmark = pytest.mark.needs("libreoffice")

FOLDERS = "buffrsign-office-*"
Outcome = bytes | Reason


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """The folder for temporary files; when a test is over nothing is left there, and nothing at work."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    wait_until(lambda: not working_in(tmp_path), "the end of LibreOffice")
    wait_until(lambda: list(tmp_path.glob(FOLDERS)) == [], "the end of its folder")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One zygote for all, as long as it lives."""
    pool = Pool(Limits(), readers=OUR_READERS)
    yield pool
    pool.close()


@pytest.fixture
def convert(pool) -> Callable[..., Outcome]:
    """What becomes of a text of Word under these limits: the PDF, or a reason."""

    def converted(data: bytes = b"", **limits: float) -> Outcome:
        office = Office(limits=OfficeLimits(**limits))
        converter = Converter(office, pool, observe=lambda _: None)
        found = converter.convert(data or made.docx(), OfficeFile(OfficeKind.DOCX, False))
        return found.reason if isinstance(found, Killed | Unreadable) else found

    return converted


@contextmanager
def while_it_works(folder: Path, do: Callable[[int], None]) -> Iterator[None]:
    """Do this to LibreOffice as soon as it works in the folder."""
    with ThreadPoolExecutor(1) as thread:
        doing = thread.submit(lambda: do(wait_until(lambda: working_in(folder), "LibreOffice at work")[0]))
        yield
        doing.result()


def long() -> bytes:
    """Some 600 pages, of which a second is not enough."""
    return made.docx(*("The parties agree as follows, and so on, line after line. " * 20 for _ in range(2_000)))


def test_a_file_that_takes_too_long_ends_by_the_clock(convert):
    convert(wall_s=0.01)  # the zygote's start, and the question for the version, are no file's time
    began = time.monotonic()

    assert convert(wall_s=0.2) is Reason.TIMEOUT
    assert time.monotonic() - began < 15


def test_one_that_stands_still_ends_by_the_clock(convert, folder):
    with while_it_works(folder, lambda pid: os.kill(pid, signal.SIGSTOP)):
        assert convert(wall_s=1.5) is Reason.TIMEOUT


def test_one_that_takes_too_much_processor_time_is_ended(convert):
    assert convert(long(), cpu_s=1) is Reason.RESOURCE_LIMIT


def test_one_that_writes_too_many_files_is_ended(convert):
    assert convert(scratch_files=2) is Reason.RESOURCE_LIMIT


def test_one_that_writes_too_much_is_ended(convert):
    assert convert(scratch_bytes=4096) is Reason.RESOURCE_LIMIT


def test_one_that_writes_and_removes_too_much_is_ended(convert):
    assert convert(written_bytes=10) is Reason.RESOURCE_LIMIT


def test_a_pdf_past_the_limit_is_too_large(convert):
    assert convert(output_bytes=5_000) is Reason.TOO_LARGE


def test_one_that_cannot_even_be_loaded_says_nothing_of_the_file(convert):
    with pytest.raises(SandboxBroken):
        convert(memory_bytes=150 * MIB)


@pytest.mark.slow
def test_a_picture_of_a_gigabyte_is_not_held_in_memory_past_the_limit(pool):
    taken: list[int] = []
    limits = OfficeLimits(memory_bytes=640 * MIB)
    converter = Converter(Office(limits=limits), pool, observe=taken.append)

    found = converter.convert(
        made.docx_with_picture(bombs.png_of(width=16_000, height=16_000)), OfficeFile(OfficeKind.DOCX, False)
    )

    assert isinstance(found, bytes | Killed | Unreadable)
    assert taken[0] < limits.memory_bytes


@pytest.mark.parametrize("named", ["/nowhere/soffice", "true"])
def test_where_it_is_missing_or_something_else_the_file_is_unsupported_and_the_way_out_said(pool, named):
    converter = Converter(Office(soffice=named), pool, observe=lambda _: None)

    found = converter.convert(made.docx(), OfficeFile(OfficeKind.DOCX, False))

    assert found == NOT_INSTALLED
    assert found.reason is Reason.UNSUPPORTED
    assert "export the document as PDF" in found.detail


def test_an_interrupted_call_ends_it(convert):
    with pytest.raises(Interrupted), interrupted_after(0.3):
        convert()


def test_one_that_is_killed_is_its_files_doing_and_the_third_time_that_is_quarantined(folder):
    found = []
    sandbox = Sandbox(office=Office())
    for _ in range(3):
        with while_it_works(folder, lambda pid: os.kill(pid, signal.SIGKILL)):
            found.append(sandbox.to_pdf(made.docx()))

    again = sandbox.to_pdf(made.docx())

    sandbox.close()
    resource_limit, quarantined = map(Unreadable.because, (Reason.RESOURCE_LIMIT, Reason.QUARANTINED))
    assert [*found, again] == [resource_limit, resource_limit, quarantined, quarantined]
    assert sandbox.killed == 3


def test_a_killed_zygote_takes_it_along_and_the_job_is_tried_again(convert, folder):
    with (
        while_it_works(folder, lambda pid: os.kill(parent_of(pid), signal.SIGKILL)),
        pytest.raises(SandboxBroken),
    ):
        convert()


def test_nothing_is_left_when_the_worker_is_killed_in_the_middle(folder):
    worker = subprocess.Popen([sys.executable, "-m", "tests.support.converting_to_kill", folder])
    wait_until(lambda: working_in(folder), "LibreOffice at work", timeout_s=40)

    worker.kill()
    worker.wait()

    wait_until(lambda: not working_in(folder), "the end of LibreOffice")
    wait_until(lambda: list(folder.glob(FOLDERS)) == [], "the end of its folder")


def test_what_a_worker_and_its_zygote_left_is_swept_later(convert, folder):
    stale, young = folder / "buffrsign-office-stale", folder / "buffrsign-office-young"
    for path in (stale, young):
        (path / "profile").mkdir(parents=True)
    long_ago = time.time() - 7200
    os.utime(stale, (long_ago, long_ago))

    convert(wall_s=0.01)

    assert not stale.exists()
    assert young.exists()
    (young / "profile").rmdir()
    young.rmdir()


def test_a_folder_that_denies_its_owner_or_is_deep_or_removed_twice_goes(folder):
    shut, deep, twice = (folder / f"buffrsign-office-{name}" for name in ("shut", "deep", "twice"))
    (shut / "within").mkdir(parents=True)
    (shut / "within" / "file").write_text("x")
    (shut / "within").chmod(0)
    deep.joinpath(*["d"] * 400).mkdir(parents=True)
    for number in range(300):
        (twice / str(number)).mkdir(parents=True)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(remove, (shut, deep, twice, twice)))

    assert list(folder.iterdir()) == []


BOMBS: dict[str, tuple[Callable[[], bytes], OfficeKind, Reason]] = {
    "a million rows of a thousand columns": (
        lambda: made.ods_of(rows=1_048_576, columns=1024),
        OfficeKind.ODS,
        Reason.RESOURCE_LIMIT,
    ),
    "two million groups within each other": (
        lambda: b"{\\rtf1 " + b"{" * 2_000_000,
        OfficeKind.RTF,
        Reason.RESOURCE_LIMIT,
    ),
    "tables within tables": (
        lambda: made.docx(inside="<w:tbl><w:tr><w:tc>" * 20_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 20_000),
        OfficeKind.DOCX,
        Reason.RESOURCE_LIMIT,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("make", "kind", "reason"), BOMBS.values(), ids=BOMBS)
def test_what_explodes_only_in_libreoffice_is_a_resource_limit(pool, make, kind, reason):
    taken: list[int] = []
    limits = OfficeLimits(cpu_s=10, wall_s=50)
    converter = Converter(Office(limits=limits), pool, observe=taken.append)

    found = converter.convert(make(), OfficeFile(kind, False))

    assert isinstance(found, Killed | Unreadable)
    assert found.reason is reason
    assert taken[0] <= limits.memory_bytes


@pytest.mark.slow
def test_four_at_once_get_along():
    files = [made.docx(f"Number {number}.") for number in range(4)]
    sandbox = Sandbox(office=Office())
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(sandbox.to_pdf, files))

    for number, pdf in enumerate(found):
        assert isinstance(pdf, MadePdf)
        assert f"Number {number}." in sandbox.text_of(pdf.pdf, max_pages=1, max_characters=100)
    sandbox.close()
