"""A PNG's pixels as they lie in its file: a PDF can hold the same rows, packed in the same way."""

from collections.abc import Iterator
from dataclasses import dataclass

_SIGNATURE_BYTES = 8
_COLOURS = {0: 1, 2: 3, 3: 1}
"""Samples of a pixel, by the colour types that have no transparency (PNG, third edition, 11.2.1)."""

_INDEXED = 3


@dataclass(frozen=True)
class Rows:
    """All rows as one zlib stream, each with its PNG filter; `palette` is triples of red, green and blue, or empty."""

    packed: bytes
    colours: int
    bits: int
    palette: bytes


def rows_of(data: bytes) -> Rows | None:
    """The rows of the default image; None where it must be decoded: transparent, interlaced, or of 16 bits."""
    header, palette, packed = b"", b"", []
    for kind, body in _chunks(data):
        match kind:
            case b"IHDR":
                header = body
            case b"PLTE":
                palette = body
            case b"tRNS":
                return None
            case b"IDAT":
                packed.append(body)
    bits, colour_type, interlaced = header[8], header[9], header[12]
    if colour_type not in _COLOURS or bits > 8 or interlaced:
        return None
    return Rows(b"".join(packed), _COLOURS[colour_type], bits, palette if colour_type == _INDEXED else b"")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = _SIGNATURE_BYTES
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
