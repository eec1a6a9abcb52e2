"""Small files whose pages cost whoever draws or reads them a great deal."""

from functools import cache

from tests.support.bombs import CATALOG, PAGE, PAGES, deflated, stream
from tests.support.pdfs import numbered

_FLATE = b"/Filter /FlateDecode"
_FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 100 100] "
_FUNCTION = b"<< /FunctionType 2 /Domain [0 1] /C0 [0 0 0] /C1 [1 1 1] /N 1 >>"
_LZW_CLEAR = 256
_HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def _page(resources: bytes, content: bytes, *objects: bytes) -> bytes:
    """A page that draws this content with these resources; the further objects are numbered from 5."""
    return numbered(CATALOG, PAGES, PAGE % resources, content, *objects)


@cache
def lzw(*, mib: int = 300) -> bytes:
    """A content stream of so many MiB of a line's end, compressed as in the nineties."""
    codes = [10, *range(258, 4001)]  # each is the one before and a byte more, so their table need not be made
    block = "".join(f"{code:0{_lzw_width(code)}b}" for code in codes) + f"{_LZW_CLEAR:012b}"
    packed = int(block * 8, 2).to_bytes(len(block), "big")  # eight blocks are whole bytes
    unpacked = 8 * (1 + sum(code - 256 for code in codes[1:]))
    return _page(b"", stream(b"/Filter /LZWDecode", packed * (mib * 1024 * 1024 // unpacked)))


def _lzw_width(code: int) -> int:
    """Of this code in bits, where the table already has all codes below it and the change is early."""
    return 9 if code < 511 else 10 if code < 1023 else 11 if code < 2047 else 12


@cache
def run_length(*, mib: int = 300) -> bytes:
    """A content stream of so many MiB, first as runs of 128 bytes, and those deflated."""
    runs = deflated(b"\x81\n", mib=mib // 64)
    return _page(b"", stream(b"/Filter [/FlateDecode /RunLengthDecode]", runs))


@cache
def filters(*, count: int = 100_000) -> bytes:
    """A content stream that went through the same filter so many times, it says."""
    return _page(b"", stream(b"/Filter [" + b"/ASCIIHexDecode " * count + b"]", b"71 20 51 >"))


@cache
def operators(*, mib: int = 100) -> bytes:
    """A page of millions of lines."""
    return _page(b"", stream(_FLATE, deflated(b"0 0 m 9 9 l S\n\n\n", mib=mib)))


@cache
def saved_states(*, mib: int = 64) -> bytes:
    """A page that saves its state millions of times, and never goes back."""
    return _page(b"", stream(_FLATE, deflated(b"q 1 w q ", mib=mib)))


@cache
def nested_operands(*, mib: int = 192) -> bytes:
    """A content stream that opens arrays in arrays."""
    return _page(b"", stream(_FLATE, deflated(b"[", mib=mib)))


@cache
def inline_images(*, mib: int = 280) -> bytes:
    """A page of millions of pictures, each of one pixel."""
    return _page(b"", stream(_FLATE, deflated(b"BI /W 1 /H 1 /BPC 8 /CS /G ID x EI", mib=mib)))


@cache
def dashes() -> bytes:
    """A line of ten million dashes."""
    return _page(b"", stream(b"", b"[0.00001] 0 d 1 w 0 50 m 100 50 l S"))


@cache
def form_of_itself() -> bytes:
    """A form that draws itself, twice."""
    form = stream(_FORM + b"/Resources << /XObject << /F 5 0 R >> >>", b"/F Do /F Do 0 0 1 1 re f")
    return _page(b"/XObject << /F 5 0 R >>", stream(b"", b"/F Do"), form)


@cache
def pattern_of_itself() -> bytes:
    """A pattern whose tile is filled with the pattern."""
    about = b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 "
    tile = stream(about + b"/Resources << /Pattern << /P 5 0 R >> >>", b"/Pattern cs /P scn 0 0 9 9 re f")
    return _page(b"/Pattern << /P 5 0 R >>", stream(b"", b"/Pattern cs /P scn 0 0 100 100 re f"), tile)


@cache
def soft_masks(*, levels: int = 24) -> bytes:
    """A form behind a soft mask which is a form behind two soft masks, and so on: 2**levels of them."""
    objects = []
    for level in range(levels):
        state = b"/ExtGState << /G << /Type /ExtGState /SMask << /S /Luminosity /G %d 0 R >> >> >>" % (6 + level)
        drawn = b"/G gs 0 0 50 100 re f q /G gs 50 0 50 100 re f Q" if level < levels - 1 else b"1 g 0 0 9 9 re f"
        named = b"/Resources << %s >>" % (state if level < levels - 1 else b"")
        objects.append(stream(_FORM + b"/Group << /S /Transparency /CS /DeviceGray >> " + named, drawn))
    gs = b"/ExtGState << /G << /Type /ExtGState /SMask << /S /Luminosity /G 5 0 R >> >> >>"
    return _page(gs, stream(b"", b"/G gs 0 0 100 100 re f"), *objects)


@cache
def mesh(*, mib: int = 280) -> bytes:
    """A shading of millions of triangles."""
    about = b"/ShadingType 4 /ColorSpace /DeviceRGB /BitsPerCoordinate 8 /BitsPerComponent 8 /BitsPerFlag 8 "
    shading = stream(about + b"/Decode [0 100 0 100 0 1 0 1 0 1] " + _FLATE, deflated(b"\0\1\x7f\1\2\3\0\xff", mib=mib))
    return _page(b"/Shading << /S 5 0 R >>", stream(b"", b"/S sh"), shading)


@cache
def sampled_function() -> bytes:
    """A shading by a function that is a table of ten thousand million samples, it says."""
    about = b"/FunctionType 0 /Domain [0 1 0 1] /Range [0 1 0 1 0 1] /Size [100000 100000] /BitsPerSample 32"
    shading = b"<< /ShadingType 1 /ColorSpace /DeviceRGB /Matrix [100 0 0 100 0 0] /Function 6 0 R >>"
    return _page(b"/Shading << /S 5 0 R >>", stream(b"", b"/S sh"), shading, stream(about, bytes(100)))


@cache
def colour_spaces(*, levels: int = 20_000) -> bytes:
    """A colour that is a tint of a colour, which is a tint of another, and so on."""
    chain = [b"[/Separation /C%d %d 0 R 5 0 R]" % (level, 7 + level) for level in range(levels)]
    page = b"/ColorSpace << /C 6 0 R >>"
    return _page(page, stream(b"", b"/C cs 1 scn 0 0 9 9 re f"), _FUNCTION, *chain, b"/DeviceRGB")


@cache
def icc_profile(*, mib: int = 300) -> bytes:
    """A colour whose profile is so many MiB of nothing."""
    profile = stream(b"/N 3 " + _FLATE, deflated(b"\0", mib=mib))
    return _page(b"/ColorSpace << /C [/ICCBased 5 0 R] >>", stream(b"", b"/C cs 1 0 0 scn 0 0 9 9 re f"), profile)


@cache
def font_file(*, mib: int = 300) -> bytes:
    """A word in a font whose file is so many MiB of nothing."""
    font = b"<< /Type /Font /Subtype /TrueType /BaseFont /B /FirstChar 65 /LastChar 65 /FontDescriptor 6 0 R >>"
    descriptor = b"<< /Type /FontDescriptor /FontName /B /Flags 4 /FontBBox [0 0 9 9] /FontFile2 7 0 R >>"
    return _in_font(font, descriptor, stream(_FLATE, deflated(b"\0", mib=mib)))


@cache
def font_of_itself() -> bytes:
    """A drawn font (type 3) whose glyph is a word in that font."""
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /CharProcs << /A 6 0 R >> "
        b"/Encoding << /Differences [65 /A] >> /FirstChar 65 /LastChar 65 /Widths [9] "
        b"/Resources << /Font << /F 5 0 R >> >> >>"
    )
    return _in_font(font, stream(b"", b"9 0 d0 BT /F 1 Tf (AAAAAAAAAA) Tj ET"))


@cache
def cmap(*, mib: int = 300) -> bytes:
    """A word in a font whose map to letters has millions of lines."""
    font = _HELVETICA[:-2] + b"/ToUnicode 6 0 R >>"
    lines = deflated(b"<0001> <fffe> <0041>\n    ", mib=mib, before=b"begincmap 1 beginbfrange\n")
    return _in_font(font, stream(_FLATE, lines))


@cache
def encoding(*, mib: int = 64) -> bytes:
    """A word in a font whose codes are explained in millions of lines."""
    font = b"<< /Type /Font /Subtype /Type0 /BaseFont /B /Encoding 6 0 R /DescendantFonts [7 0 R] >>"
    ranges = deflated(b"<00000000> <ffffffff> 0\n ", mib=mib, before=b"begincmap 100 begincidrange\n")
    about = b"/Type /CMap /CMapName /C /CIDSystemInfo << /Registry (A) /Ordering (B) /Supplement 0 >> "
    descendant = (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /B /CIDSystemInfo << /Registry (A) /Ordering (B) >> >>"
    )
    return _in_font(font, stream(about + _FLATE, ranges), descendant)


@cache
def annotations(*, count: int = 100_000) -> bytes:
    """A page with so many notes, all of which look like a page of lines."""
    note = b"<< /Type /Annot /Subtype /Stamp /Rect [0 0 100 100] /F 4 /AP << /N 6 0 R >> >>"
    page = PAGE[:-2] % b"" + b" /Annots [" + b"5 0 R " * count + b"] >>"
    look = stream(_FORM, b"0 0 m 99 99 l S " * 100)
    return numbered(CATALOG, PAGES, page, stream(b"", b""), note, look)


def _in_font(font: bytes, *objects: bytes) -> bytes:
    return _page(b"/Font << /F 5 0 R >>", stream(b"", b"BT /F 12 Tf 10 50 Td (A) Tj ET"), font, *objects)
