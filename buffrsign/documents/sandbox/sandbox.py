"""Files are read in warm children, and whatever a file does to its child is an outcome.

A child's death counts against a file only if the child had read no other before; else the file is read again in a
fresh one. So no file pays for the one in front of it.
"""

import fcntl
import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any

import msgspec

from buffrsign.core.logs import get_logger
from buffrsign.documents.analysis import Analysis
from buffrsign.documents.appending import Appended
from buffrsign.documents.fields import Fields
from buffrsign.documents.inspection import Inspected
from buffrsign.documents.office import OfficeFile
from buffrsign.documents.outcome import MAX_BYTES, Reason, Unreadable
from buffrsign.documents.pages import ALL_LOOKS, DrawnPages, Look
from buffrsign.documents.picture_pdf import PicturePdf
from buffrsign.documents.sandbox.endings import Killed, name_of, reason_of
from buffrsign.documents.sandbox.kills import MOST_KILLS, Kills, KillsHere
from buffrsign.documents.sandbox.libreoffice.converting import NOT_INSTALLED, Converter, Office
from buffrsign.documents.sandbox.limits import MIB, Limits
from buffrsign.documents.sandbox.parent import Child, Overstepped, SandboxBroken
from buffrsign.documents.sandbox.pool import Pool
from buffrsign.documents.sandbox.wire import Ask, Confined, Read, Refused
from buffrsign.documents.sanitise import Sanitised
from buffrsign.documents.text import PageTexts

OUR_READERS = "buffrsign.documents.sandbox.readers"

_FOR_DRAWING = 0.6

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL

log = get_logger(__name__)


class Spent(msgspec.Struct, frozen=True):
    """What one file took of a child. `peak_bytes`: memory over what the child held before, resident, at its most.

    Of a child that was ended: over what it held at first. Of LibreOffice, whose "reader" is `office_to_pdf`: all.
    """

    reader: str
    peak_bytes: int


class MadePdf(msgspec.Struct, frozen=True):
    """A PDF that was made of another file: of which format, by which program if by none of ours.

    `has_macros`: whether the file brought some, none of which ran; None where nobody knows, or it could not.
    """

    pdf: bytes
    made_of: str
    made_by: str | None = None
    has_macros: bool | None = None


class Sandbox:
    """Reads files in children of this process. For any number of threads.

    The first file waits for the parsers to be imported by the zygote. `readers` is the module that names what may be
    asked; without `kills`, documents that killed children are remembered in this process only. `observe` is told what
    each file took, in the thread that asked; twice, where it was read again in a fresh child. Without `office`, office
    files are unsupported.

    Raises:
        SandboxBroken: from every method, when the zygote ended: then nothing is known of the file.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        kills: Kills | None = None,
        readers: str = OUR_READERS,
        observe: Callable[[Spent], None] | None = None,
        office: Office | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.killed = 0
        self._kills = kills or KillsHere()
        self._readers = readers
        self._observe = observe or _look_away
        self._pool = Pool(self.limits, readers=readers)
        self._converter = Converter(office, self._pool, observe=self._observe_libreoffice) if office else None

    def inspect(self, data: bytes) -> Inspected | Unreadable:
        """What `documents.inspect` finds."""
        found: Inspected | Unreadable = self.read("inspect", data)
        return found

    def analyse(self, data: bytes) -> Analysis | Unreadable:
        """What `documents.analysis.analyse` finds."""
        found: Analysis | Unreadable = self.read("analyse", data)
        return found

    def find_fields(self, data: bytes) -> Fields | Unreadable:
        """What `documents.find_fields` finds."""
        found: Fields | Unreadable = self.read("find_fields", data)
        return found

    def draw_pages(
        self, data: bytes, *, first: int = 1, count: int = 1, looks: Look = ALL_LOOKS
    ) -> DrawnPages | Unreadable:
        """What `documents.draw_pages` draws, in a part of the processor time so that encoding and opening fit, too."""
        cpu_ms = int(1000 * _FOR_DRAWING * self.limits.cpu_s)
        options = {"first": first, "count": count, "looks": int(looks), "cpu_ms": cpu_ms}
        drawn: DrawnPages | Unreadable = self.read("draw_pages", data, **options)
        return drawn

    def text_of(self, data: bytes, *, max_pages: int, max_characters: int) -> str | Unreadable:
        """What `documents.text_of` reads."""
        text: str | Unreadable = self.read("text_of", data, max_pages=max_pages, max_characters=max_characters)
        return text

    def page_texts_of(self, data: bytes, *, max_pages: int, max_characters: int) -> PageTexts | Unreadable:
        """What `documents.text.page_texts_of` reads."""
        found: PageTexts | Unreadable = self.read(
            "page_texts_of", data, max_pages=max_pages, max_characters=max_characters
        )
        return found

    def picture_to_pdf(self, data: bytes) -> PicturePdf | Unreadable:
        """What `documents.picture_to_pdf` makes."""
        made: PicturePdf | Unreadable = self.read("picture_to_pdf", data)
        return made

    def recognise_office(self, data: bytes) -> OfficeFile | Unreadable:
        """What `documents.office.recognise_office` says."""
        found: OfficeFile | Unreadable = self.read("recognise_office", data)
        return found

    def to_pdf(self, data: bytes) -> MadePdf | Unreadable | None:
        """The PDF of a picture or an office file; None, where the file is neither."""
        match self.picture_to_pdf(data):
            case PicturePdf(pdf, kind):
                return MadePdf(pdf, kind)
            case Unreadable(reason) as refused if reason is not Reason.UNSUPPORTED:
                return refused
        match self.recognise_office(data):
            case OfficeFile() as file:
                return self._office_to_pdf(data, file)
            case Unreadable(reason) as refused if reason is not Reason.UNSUPPORTED:
                return refused
        return None

    def sanitise(self, data: bytes, *, even_signed: bool = False) -> Sanitised | Unreadable:
        """The copy that `documents.sanitise` makes."""
        made: Sanitised | Unreadable = self.read("sanitise", data, even_signed=int(even_signed))
        return made

    def append_pages(self, data: bytes, ours: bytes) -> Appended | Unreadable:
        """What `documents.append_pages` makes of a document and pages of ours."""
        made: Appended | Unreadable = self.read("append_pages", data + ours, first_bytes=len(data))
        return made

    def read(self, reader: str, data: bytes, **options: int) -> Any:
        """What the reader of this name returns for the file: a value of its type, or `Unreadable`."""
        if len(data) > MAX_BYTES:
            return Unreadable.because(Reason.TOO_LARGE)
        digest = sha256(data).hexdigest()
        if self._kills.of(digest) >= MOST_KILLS:
            return Unreadable.because(Reason.QUARANTINED)
        with _sealed(data) as file:
            found = self._read(Ask(reader, options), file)
        return self._blame(digest, found) if isinstance(found, Killed) else found

    @property
    def forked(self) -> int:
        """How many children there have been."""
        return self._pool.forked

    def capabilities(self) -> Confined:
        """What this kernel enforces on a child, found out with one."""
        child = self._pool.borrow()
        self._pool.give_back(child)
        return child.confined

    def close(self) -> None:
        """End the children and their zygote. A later file would start others."""
        self._pool.close()

    def _office_to_pdf(self, data: bytes, file: OfficeFile) -> MadePdf | Unreadable:
        if self._converter is None:
            return NOT_INSTALLED
        match self._converter.convert(data, file):
            case bytes(pdf):
                return MadePdf(pdf, file.kind.value, self._converter.made_by, file.has_macros)
            case Killed() as killed:
                self.killed += 1
                return self._blame(sha256(data).hexdigest(), killed)
            case Unreadable() as refused:
                return refused

    def _observe_libreoffice(self, peak_bytes: int) -> None:
        self._observe(Spent("office_to_pdf", peak_bytes))

    def _read(self, asked: Ask, file: int) -> Any:
        child = self._pool.borrow()
        was_fresh = child.files == 0
        found = self._read_in(child, asked, file)
        if was_fresh or not isinstance(found, Killed):
            return found
        log.info("document is read again in a fresh child", ending=name_of(found.ended.status))
        return self._read_in(self._pool.fresh(), asked, file)

    def _read_in(self, child: Child, asked: Ask, file: int) -> Any:
        """What the child found, and it is given back; or `Killed`, and it has ended."""
        try:
            answer = child.ask(asked, file, limits=self.limits)
            found = self._found(answer, asked.reader)
        except Overstepped as overstep:
            killed = self._killed(child, why=overstep.reason)
            self._observe(Spent(asked.reader, max(killed.ended.peak_bytes - child.idle_bytes, 0)))
            return killed
        except BaseException:  # a time limit of Celery's, for one: nobody waits for the child any more
            with suppress(SandboxBroken):
                self._pool.end(child)
            raise
        self._pool.give_back(child, is_spent=answer.is_spent)
        self._observe(Spent(asked.reader, answer.peak_bytes))
        return found

    def _found(self, answer: Read | Refused, reader: str) -> Any:
        """The value, if it is of the reader's type, for a file may have taken its child over."""
        if isinstance(answer, Refused):
            if answer.error:
                log.warning("document could not be read", error=answer.error)
            return Unreadable.because(answer.reason)
        expected = importlib.import_module(self._readers).READERS[reader].result
        try:
            return msgspec.msgpack.decode(answer.value, type=expected)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Overstepped(Reason.DAMAGED) from error

    def _killed(self, child: Child, *, why: Reason | None) -> Killed:
        """End a child over a file; `why`, or else its own end says it."""
        self.killed += 1
        ended = self._pool.end(child)
        return Killed(why or reason_of(ended.status), ended)

    def _blame(self, digest: str, killed: Killed) -> Unreadable:
        kills = self._kills.add(digest)
        ended = killed.ended
        log.warning(
            "document killed its reader",
            reason=killed.reason.value,
            ending=name_of(ended.status),
            peak_mib=ended.peak_bytes // MIB,
            kills=kills,
        )
        return Unreadable.because(Reason.QUARANTINED if kills >= MOST_KILLS else killed.reason)


def _look_away(spent: Spent) -> None:
    """For whoever does not ask what files take."""


@contextmanager
def _sealed(data: bytes) -> Iterator[int]:
    """An open file in memory that holds the data and can no longer be changed."""
    file = os.memfd_create("document", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(file, "wb", closefd=False) as whole:
            whole.write(data)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
        yield file
    finally:
        os.close(file)
