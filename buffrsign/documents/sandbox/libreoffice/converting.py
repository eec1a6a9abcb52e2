"""One office file becomes a PDF: LibreOffice is started on it, watched, and ended."""

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

import msgspec

from buffrsign.core.logs import get_logger
from buffrsign.documents.office import OfficeFile, OfficeKind
from buffrsign.documents.outcome import Reason, Unreadable
from buffrsign.documents.sandbox.endings import Killed, name_of, reason_of
from buffrsign.documents.sandbox.libreoffice import becoming
from buffrsign.documents.sandbox.libreoffice.limits import OfficeLimits
from buffrsign.documents.sandbox.libreoffice.program import ON_THE_PATH, LibreOffice, find_libreoffice
from buffrsign.documents.sandbox.libreoffice.scratch import Scratch, scratch_for
from buffrsign.documents.sandbox.parent import Child, SandboxBroken
from buffrsign.documents.sandbox.pool import Pool
from buffrsign.documents.sandbox.wire import Convert, Ended

NOT_INSTALLED = Unreadable(
    Reason.UNSUPPORTED,
    "Office files become PDFs only where LibreOffice is installed, and here it is not; export the document as PDF and "
    "upload that.",
)
_WANTS_TO_START_ANEW = 81
_LOOK_EVERY_S = 0.1
_NEARLY_ALL = 0.75
"""Of the address space that it may have: so much of it was really used."""

_IMPORT_FILTERS = {
    OfficeKind.DOCX: "MS Word 2007 XML",
    OfficeKind.XLSX: "Calc MS Excel 2007 XML",
    OfficeKind.PPTX: "Impress MS PowerPoint 2007 XML",
    OfficeKind.ODT: "writer8",
    OfficeKind.ODS: "calc8",
    OfficeKind.ODP: "impress8",
    OfficeKind.DOC: "MS Word 97",
    OfficeKind.XLS: "MS Excel 97",
    OfficeKind.PPT: "MS PowerPoint 97",
    OfficeKind.RTF: "Rich Text Format",
}
"""Named, so that what is broken is no text to it, page after page."""

_IMPORT_FILTERS_BEFORE_97 = {OfficeKind.DOC: "MS Word 95", OfficeKind.XLS: "MS Excel 95"}

log = get_logger(__name__)


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """Which LibreOffice: a path, or a name on the PATH; and what it may take."""

    soffice: str = ON_THE_PATH[0]
    limits: OfficeLimits = OfficeLimits()


class Converter:
    """Has PDFs made, one LibreOffice for each. For any number of threads.

    `observe` is told the most memory that each took, in bytes.
    """

    def __init__(self, office: Office, pool: Pool, *, observe: Callable[[int], None]) -> None:
        self._office = office
        self._pool = pool
        self._observe = observe
        self._looking = Lock()
        self._found: LibreOffice | None = None

    def libreoffice(self) -> LibreOffice | None:
        """What is installed; looked for until it is found."""
        with self._looking:
            self._found = self._found or find_libreoffice(self._office.soffice)
            return self._found

    @property
    def made_by(self) -> str | None:
        """The name of what is installed, once it was looked for."""
        return self._found.name if self._found else None

    def convert(self, data: bytes, file: OfficeFile) -> bytes | Killed | Unreadable:
        """The PDF of this office file; `Killed`, where LibreOffice crashed over it, or had to be ended.

        Raises:
            SandboxBroken: it could not be started, or not be given the file.
        """
        program = self.libreoffice()
        if program is None:
            return NOT_INSTALLED
        filters = _IMPORT_FILTERS_BEFORE_97 if file.is_before_97 else _IMPORT_FILTERS
        try:
            with scratch_for(data, file.kind, build=program.build) as scratch:
                return self._converted(_order(program, scratch, filters[file.kind], self._office.limits), scratch)
        except OSError as error:
            raise SandboxBroken("LibreOffice has no folder to work in; the job is tried again") from error

    def _converted(self, order: Convert, scratch: Scratch) -> bytes | Killed | Unreadable:
        ended = self._run(order, scratch)
        if isinstance(ended, Ended) and _exit_of(ended) == _WANTS_TO_START_ANEW:
            ended = self._run(order, scratch)
        if isinstance(ended, Killed):
            return ended
        match _exit_of(ended):
            case 0:
                made = scratch.pdf(at_most=self._office.limits.output_bytes)
                return made if isinstance(made, bytes) else Unreadable.because(self._why(ended, made))
            case becoming.NEVER_BEGAN:
                raise SandboxBroken("LibreOffice could not be started; the job is tried again")
            case None:
                return Killed(reason_of(ended.status), ended)
            case _:
                log.warning("LibreOffice gave up", ending=name_of(ended.status))
                return Unreadable.because(self._why(ended, Reason.DAMAGED))

    def _why(self, ended: Ended, reason: Reason) -> Reason:
        """Without memory it gives up as it does over what is damaged."""
        had_all = ended.peak_bytes > _NEARLY_ALL * self._office.limits.memory_bytes
        return Reason.RESOURCE_LIMIT if reason is Reason.DAMAGED and had_all else reason

    def _run(self, order: Convert, scratch: Scratch) -> Ended | Killed:
        child = self._pool.converting(order)
        try:
            overstepped = self._watch(child, scratch)
        except BaseException:  # a time limit of Celery's, for one: nobody waits for the PDF any more
            with suppress(SandboxBroken):
                self._pool.end(child)
            raise
        ended = self._pool.end(child)
        self._observe(ended.peak_bytes)
        return Killed(overstepped, ended) if overstepped else ended

    def _watch(self, child: Child, scratch: Scratch) -> Reason | None:
        """Wait for its end; or a reason to end it. What it says is not kept: it may quote the document."""
        deadline = time.monotonic() + self._office.limits.wall_s
        while (remaining_s := deadline - time.monotonic()) > 0:
            child.connection.settimeout(min(remaining_s, _LOOK_EVERY_S))
            try:
                if not child.connection.recv(65_536):
                    return None
            except TimeoutError:
                pass
            except ConnectionResetError:
                return None
            if reason := scratch.overstepped(self._office.limits):
                return reason
            if _written_by(child.pid) > self._office.limits.written_bytes:
                return Reason.RESOURCE_LIMIT
        return Reason.TIMEOUT


def _written_by(pid: int) -> int:
    """As the process asked, or as came to the disk, whichever is more; 0 where it has ended, or the kernel hides it."""
    try:
        counted = Path(f"/proc/{pid}/io").read_text(encoding="ascii")
    except OSError:
        return 0
    return max(int(count) for count in re.findall(r"^(?:wchar|write_bytes): (\d+)$", counted, re.MULTILINE))


def _order(program: LibreOffice, scratch: Scratch, import_filter: str, limits: OfficeLimits) -> Convert:
    return Convert(str(program.program), str(scratch.path), str(scratch.document), import_filter, limits)


def _exit_of(ended: Ended) -> int | None:
    """None where a signal ended it."""
    return os.waitstatus_to_exitcode(ended.status) if os.WIFEXITED(ended.status) else None
