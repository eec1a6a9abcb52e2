"""Small files whose objects lead whoever follows them in circles, or to more of them than there can be."""

import struct
import zlib
from functools import cache

from tests.support.bombs import CATALOG, PAGE, PAGES, deflated, stream
from tests.support.pdfs import numbered

_NOTHING = stream(b"", b"")


@cache
def deep_page_tree(*, levels: int = 20_000) -> bytes:
    """A page at the end of so many branches of one branch each."""
    branches = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % number for number in range(3, 3 + levels)]
    return numbered(CATALOG, *branches, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>")


@cache
def shared_page_tree(*, levels: int = 40) -> bytes:
    """A page tree whose every branch hangs twice in the one above: 2**levels pages."""
    branches = [
        b"<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count %d >>" % (number + 1, number + 1, 2 ** min(30, levels))
        for number in range(2, 2 + levels)
    ]
    return numbered(CATALOG, *branches, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>")


@cache
def inherited_from_itself() -> bytes:
    """A page whose parent, which it inherits its size from, is its own child."""
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 3 0 R >>"
    return numbered(CATALOG, pages, b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>", _NOTHING)


@cache
def outlines_in_circles() -> bytes:
    """Bookmarks of which each is the next one's child, and the last is followed by the first."""
    first = b"<< /Title (a) /Parent 5 0 R /Next 7 0 R /First 7 0 R /Last 7 0 R >>"
    last = b"<< /Title (b) /Parent 6 0 R /Next 6 0 R /First 6 0 R /Last 6 0 R >>"
    root = b"<< /Type /Outlines /First 6 0 R /Last 7 0 R /Count 2 >>"
    return numbered(CATALOG[:-2] + b"/Outlines 5 0 R >>", PAGES, PAGE % b"", _NOTHING, root, first, last)


@cache
def names_in_circles() -> bytes:
    """Trees of embedded files, scripts and destinations whose branch is the tree."""
    tree = b"<< /Kids [5 0 R 5 0 R] /Limits [(a) (z)] >>"
    names = b"/Names << /EmbeddedFiles 5 0 R /JavaScript 5 0 R /Dests 5 0 R >> /AcroForm << /Fields [5 0 R] >> >>"
    return numbered(CATALOG[:-2] + names, PAGES, PAGE % b"", _NOTHING, tree)


@cache
def actions_in_circles() -> bytes:
    """An action that is followed by itself, when the document opens and when its page does."""
    action = b"<< /S /GoTo /D [3 0 R /Fit] /Next [5 0 R 5 0 R] >>"
    page = PAGE[:-2] % b"" + b" /AA << /O 5 0 R >> >>"
    return numbered(CATALOG[:-2] + b"/OpenAction 5 0 R >>", PAGES, page, _NOTHING, action)


@cache
def huge_number(*, mib: int = 5) -> bytes:
    """A page count of so many million digits."""
    return numbered(CATALOG, PAGES.replace(b"/Count 1", b"/Count " + b"9" * (mib * 1024 * 1024)), PAGE % b"", _NOTHING)


@cache
def long_name(*, mib: int = 5) -> bytes:
    """A catalog with a name of so many MiB, each letter of it written as a number."""
    return numbered(CATALOG[:-2] + b"/" + b"#41" * (mib * 1024 * 1024 // 3) + b" 1 >>", PAGES, PAGE % b"", _NOTHING)


@cache
def references_in_circles() -> bytes:
    """Objects that are each other, where numbers, arrays and pages are expected."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox 5 0 R /Contents 5 0 R /Rotate 5 0 R /Resources 6 0 R >>"
    return numbered(CATALOG, PAGES, page, _NOTHING, b"6 0 R", b"5 0 R")


@cache
def stream_as_long_as_itself() -> bytes:
    """A content stream whose length is that stream."""
    return numbered(CATALOG, PAGES, PAGE % b"", b"<< /Length 4 0 R >>\nstream\nq Q\nendstream")


@cache
def xref_stream_of_millions() -> bytes:
    """A cross-reference stream that announces two thousand million entries, and holds few."""
    return _with_xref_stream(b"/Size 2000000000 /Index [0 2000000000] /W [1 4 2]", bytes(7000))


@cache
def xref_stream_in_flate(*, mib: int = 60) -> bytes:
    """A cross-reference stream of so many MiB of free entries."""
    entries = deflated(bytes(8), mib=mib)
    return _with_xref_stream(b"/Size %d /W [1 4 3] /Filter /FlateDecode" % (mib * 2**17), entries)


@cache
def xref_chain(*, links: int = 20_000) -> bytes:
    """So many cross-reference tables, each naming the one before."""
    data = numbered(CATALOG, PAGES, PAGE % b"", _NOTHING)
    before, at, tables = data.rindex(b"xref\n0"), len(data), []
    for _ in range(links):
        tables.append(b"xref\n0 0\ntrailer\n<< /Size 5 /Root 1 0 R /Prev %d >>\n" % before)
        before, at = at, at + len(tables[-1])
    return data + b"".join(tables) + b"startxref\n%d\n%%%%EOF\n" % before


@cache
def object_stream_of_itself() -> bytes:
    """A catalog in a stream of objects that lies in itself, and extends itself."""
    packed = b"1 0 5 40 " + CATALOG.ljust(40) + b"<< /Type /ObjStm >>"
    held = stream(b"/Type /ObjStm /N 2 /First 9 /Extends 5 0 R", packed)
    file, offsets = b"%PDF-1.7\n", {}
    for number, body in {2: PAGES, 3: PAGE % b"", 4: _NOTHING, 5: held}.items():
        offsets[number] = len(file)
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    entries = struct.pack(">BIH", 0, 0, 65535) + struct.pack(">BIH", 2, 5, 0)
    entries += b"".join(struct.pack(">BIH", 1, offsets[number], 0) for number in (2, 3, 4))
    entries += struct.pack(">BIH", 2, 5, 1) + struct.pack(">BIH", 1, len(file), 0)
    table = stream(b"/Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R", entries)
    return file + b"6 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, len(file))


@cache
def many_objects(*, count: int = 200_000) -> bytes:
    """A stream of so many objects, compressed to little."""
    numbers = b"".join(b"%d %d " % (10 + number, 2 * number) for number in range(count))
    held = zlib.compress(numbers + b"1 " * count, 1)
    about = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (count, len(numbers))
    return numbered(CATALOG[:-2] + b"/Held 5 0 R >>", PAGES, PAGE % b"", _NOTHING, stream(about, held))


def _with_xref_stream(about: bytes, entries: bytes) -> bytes:
    """A document whose objects only a search through the file finds."""
    data = numbered(CATALOG, PAGES, PAGE % b"", _NOTHING)
    file = data[: data.rindex(b"xref\n0")]
    table = stream(b"/Type /XRef /Root 1 0 R " + about, entries)
    return file + b"5 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, len(file))
