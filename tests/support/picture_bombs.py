"""Small pictures that are large: files of their own, and in the pages of a document."""

import struct
import zlib
from functools import cache

from tests.support.bombs import deflated, png_chunk, png_of, stream, with_picture

EDGE = 100_000


@cache
def png() -> bytes:
    """Ten thousand million pixels, it says."""
    return png_of(width=EDGE, height=EDGE)


@cache
def png_with_profile(*, mib: int = 300) -> bytes:
    """A picture of a pixel whose colour profile is so many MiB of nothing."""
    return _png_with(b"iCCP", b"icc\0\0" + deflated(b"\0", mib=mib))


@cache
def png_with_words(*, mib: int = 300) -> bytes:
    """A picture of a pixel with a comment of so many MiB."""
    return _png_with(b"zTXt", b"Comment\0\0" + deflated(b"x", mib=mib))


@cache
def tiff() -> bytes:
    """A picture of as many pixels, in one strip."""
    tags = [(256, EDGE), (257, EDGE), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, EDGE), (279, 2**31)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)


@cache
def tiff_in_circles() -> bytes:
    """A picture that is followed by itself."""
    return tiff()[:-4] + struct.pack("<I", 8)


@cache
def webp() -> bytes:
    """The largest that the format has: 16,383 pixels a side."""
    header = struct.pack("<I", (16_383 - 1) | (16_383 - 1) << 14)
    body = b"WEBPVP8L" + struct.pack("<I", 6) + b"\x2f" + header + b"\0"
    return b"RIFF" + struct.pack("<I", len(body)) + body


@cache
def jpeg() -> bytes:
    """The largest that the format has: 65,500 pixels a side, and no pixel behind the header."""
    frame = struct.pack(">BHHB", 8, 65_500, 65_500, 3) + b"\1\x22\0\2\x11\1\3\x11\1"
    tables = b"\xff\xdb" + struct.pack(">HB", 67, 0) + b"\1" * 64
    scan = b"\xff\xda" + struct.pack(">HB", 12, 3) + b"\1\0\2\x11\3\x11\0\x3f\0"
    return b"\xff\xd8" + tables + b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + scan + b"\0\xff\xd9"


@cache
def jpeg_in_a_page() -> bytes:
    """The same in a document."""
    return with_picture(b"/BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /DCTDecode", 65_500, jpeg())


@cache
def jpeg_2000() -> bytes:
    """A JPEG 2000 picture of 4,000 million pixels a side, in tiles of one pixel."""
    size = struct.pack(">HIIIIIIIIH", 0, *[2**32 - 1] * 2, 0, 0, 1, 1, 0, 0, 3) + b"\7\1\1" * 3
    styles = b"\xff\x52" + struct.pack(">H", 12) + b"\0\0\0\1\1\5\4\4\0\0"
    codes = b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size + styles
    return with_picture(b"/BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /JPXDecode", EDGE, codes + b"\xff\xd9")


@cache
def fax() -> bytes:
    """A fax as wide and long as a number can say."""
    about = b"/BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode "
    parameters = b"/DecodeParms << /K -1 /Columns 60000 /Rows 60000 >>"
    return with_picture(about + parameters, 60_000, bytes(1000))


@cache
def mask(*, mib: int = 64) -> bytes:
    """A picture of a pixel that is seen through one of 30,000 a side."""
    about = b"/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /BitsPerComponent 8 /ColorSpace /DeviceGray "
    seen_through = stream(about + b"/Filter /FlateDecode", deflated(b"\xff", mib=mib))
    return with_picture(b"/BitsPerComponent 8 /ColorSpace /DeviceGray /SMask 6 0 R", 1, b"x", seen_through)


def _png_with(name: bytes, content: bytes) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = png_chunk(b"IDAT", zlib.compress(b"\0x"))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(name, content) + pixel + png_chunk(b"IEND", b"")
