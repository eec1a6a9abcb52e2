"""Small files that cost whoever reads them a great deal: memory, time, or both."""

import struct
import zlib
from functools import cache

from tests.support.pdfs import numbered

MIB = 1024 * 1024

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << %s >> >>"
_FILLED = b"/Pattern cs /P scn 0 0 100 100 re f"
_TILES = (
    b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 0.0001 /YStep 0.0001"
    b" /Resources << >>"
)


@cache
def flate(*, mib: int = 600) -> bytes:
    """A page whose content is so many MiB of a line's end, in a file of a thousandth of that."""
    return numbered(CATALOG, PAGES, PAGE % b"", stream(b"/Filter /FlateDecode", deflated(b"\n", mib=mib)))


@cache
def flate_in_flate(*, mib: int = 600) -> bytes:
    """The same, compressed twice: some kilobytes."""
    packed = zlib.compress(deflated(b"\n", mib=mib), 9)
    return numbered(CATALOG, PAGES, PAGE % b"", stream(b"/Filter [/FlateDecode /FlateDecode]", packed))


@cache
def text(*, mib: int = 40) -> bytes:
    """A page that shows the same word millions of times."""
    shown = deflated(b"(word) Tj\n", mib=mib, before=b"BT /F 12 Tf\n")
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    page = PAGE % b"/Font << /F 5 0 R >>"
    return numbered(CATALOG, PAGES, page, stream(b"/Filter /FlateDecode", shown), font)


@cache
def object_stream(*, mib: int = 600) -> bytes:
    """A catalog that lies in a stream of objects, behind so many MiB of nothing."""
    packed = deflated(b" ", mib=mib, before=b"1 0 << /Type /Catalog /Pages 2 0 R >>")
    file, offsets = b"%PDF-1.7\n", {}
    bodies = {
        2: PAGES,
        3: PAGE % b"",
        4: stream(b"", b"q Q"),
        5: stream(b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", packed),
    }
    for number, body in bodies.items():
        offsets[number] = len(file)
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    entries = struct.pack(">BIH", 0, 0, 65535) + struct.pack(">BIH", 2, 5, 0)
    entries += b"".join(struct.pack(">BIH", 1, offsets[number], 0) for number in range(2, 6))
    entries += struct.pack(">BIH", 1, len(file), 0)
    table = stream(b"/Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R", entries)
    return file + b"6 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, len(file))


@cache
def nested_forms(*, levels: int = 12) -> bytes:
    """A page that draws a form ten times, which draws another ten times, and so on: 10**levels rectangles."""
    forms = []
    for level in range(levels):
        inner = b"/F Do " * 10 if level < levels - 1 else b"0 0 1 1 re f"
        named = b"/Resources << /XObject << /F %d 0 R >> >>" % (6 + level) if level < levels - 1 else b""
        forms.append(stream(b"/Type /XObject /Subtype /Form /BBox [0 0 100 100] " + named, inner))
    page = PAGE % b"/XObject << /F 5 0 R >>"
    return numbered(CATALOG, PAGES, page, stream(b"", b"/F Do " * 10), *forms)


@cache
def tiling() -> bytes:
    """A page that is filled with a pattern whose tiles are a ten-thousandth of a point apart."""
    page = PAGE % b"/Pattern << /P 5 0 R >>"
    return numbered(CATALOG, PAGES, page, stream(b"", _FILLED), stream(_TILES, b"1 0 0 rg 0 0 9 9 re f"))


@cache
def tiling_page(*, at: int, of: int) -> bytes:
    """So many pages; the one at this place, from 1, is filled in the same way, and the others are ordinary."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * position) for position in range(of))
    objects: list[bytes] = []
    for number in range(1, of + 1):
        page = b"/MediaBox [0 0 100 100] /Resources << /Pattern << /P 3 0 R >> >>"
        objects += [
            b"<< /Type /Page /Parent 2 0 R %s /Contents %d 0 R >>" % (page, 3 + 2 * number),
            stream(b"", _FILLED if number == at else b"1 0 0 rg 10 10 80 80 re f"),
        ]
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, of)
    return numbered(CATALOG, tree, stream(_TILES, b"1 0 0 rg 0 0 9 9 re f"), *objects)


@cache
def deep_nesting(*, levels: int = 200_000) -> bytes:
    """A catalog that holds arrays within arrays."""
    catalog = CATALOG[:-2] + b"/Deep " + b"[" * levels + b"]" * levels + b" >>"
    return numbered(catalog, PAGES, PAGE % b"", stream(b"", b""))


@cache
def image(*, edge: int) -> bytes:
    """A page with one picture of so many pixels a side, of which some are there."""
    return with_picture(
        b"/BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode", edge, deflated(b"x", mib=64)
    )


@cache
def jbig2(*, edge: int = 65_000) -> bytes:
    """A page with a JBIG2 picture whose only segment announces so many pixels a side: half a gigabyte of bits."""
    segment = struct.pack(">IBBBI", 0, 48, 0, 1, 19) + struct.pack(">IIIIBH", edge, edge, 0, 0, 0, 0)
    return with_picture(b"/BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode", edge, segment)


@cache
def xref_loop() -> bytes:
    """A cross-reference table whose predecessor is itself."""
    data = numbered(CATALOG, PAGES, PAGE % b"", stream(b"", b""))
    at = data.rindex(b"xref\n0")
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % at)


@cache
def xref_of_millions() -> bytes:
    """A cross-reference table that announces two thousand million entries."""
    return numbered(CATALOG, PAGES, PAGE % b"", stream(b"", b"")).replace(b"xref\n0 5", b"xref\n0 2000000000")


@cache
def predictor() -> bytes:
    """A content stream whose rows are as long as a number can be."""
    parameters = b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2147483647 /Colors 32 >>"
    return numbered(CATALOG, PAGES, PAGE % b"", stream(parameters, zlib.compress(bytes(1000))))


@cache
def nonsense(*, mib: int = 60) -> bytes:
    """A header, and then beginnings of objects that never end."""
    return b"%PDF-1.7\n" + b"1 0 obj << /A [ (" * (mib * MIB // 17)


def png_of(*, width: int, height: int) -> bytes:
    """The header of a PNG so large, with no pixel behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(b""))
        + png_chunk(b"IEND", b"")
    )


def with_picture(about: bytes, edge: int, data: bytes, *objects: bytes) -> bytes:
    """A page with this picture, of so many pixels a side; the further objects are numbered from 6."""
    head = b"/Type /XObject /Subtype /Image /Width %d /Height %d " % (edge, edge)
    drawn = stream(b"", b"q 99 0 0 99 0 0 cm /I Do Q")
    return numbered(CATALOG, PAGES, PAGE % b"/XObject << /I 5 0 R >>", drawn, stream(head + about, data), *objects)


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def stream(about: bytes, data: bytes) -> bytes:
    """An object with this data."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (about, len(data), data)


def deflated(unit: bytes, *, mib: int, before: bytes = b"") -> bytes:
    """What inflates to so many MiB, made without compressing them all: blocks that refer to nothing may be repeated."""
    block = unit * (MIB // len(unit))
    packer = zlib.compressobj(9)
    first = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    repeated = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.adler32(before)
    for _ in range(mib):
        checksum = zlib.adler32(block, checksum)
    last = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    return first + repeated * mib + last + struct.pack(">I", checksum)
