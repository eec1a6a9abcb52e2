"""The pixels of a picture in a form that a PDF can hold: as they lie in the file where that goes, else packed anew."""

import zlib
from io import BytesIO

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String
from PIL import Image

from buffrsign.documents.jpeg import without_metadata
from buffrsign.documents.picture import format_of
from buffrsign.documents.png import Rows, rows_of

_MOST_LOSSLESS_BYTES = 8 * 1024 * 1024
_JPEG_QUALITY = 90
_SPACES = {"1": Name.DeviceGray, "L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}
_WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_SMALLER_SCALE = 8


def embed(picture: Image.Image, data: bytes, *, into: Pdf) -> Object:
    """The picture's current frame as an image of the PDF; `data` is its file. Nothing of its metadata comes along.

    A JPEG keeps its data, and a PNG its rows where they have no transparency, are not interlaced and have at most
    8 bits. Anything else is decoded, laid on white, and packed without loss up to 8 MiB, above that as a JPEG.

    Raises:
        OSError, ValueError: the picture is cut off or damaged.
    """
    kind = format_of(picture)
    if kind == "JPEG" and picture.mode in _SPACES:
        return _jpeg(picture, data, into)
    if kind == "PNG" and (rows := rows_of(data)) is not None:
        return _png(picture, rows, into)
    return _packed(_flat(picture), into)


def _jpeg(picture: Image.Image, data: bytes, into: Pdf) -> Object:
    mode, size, is_inverted = picture.mode, picture.size, picture.mode == "CMYK" and "adobe" in picture.info
    picture.draft("L", (max(1, size[0] // _SMALLER_SCALE), max(1, size[1] // _SMALLER_SCALE)))
    picture.load()  # small and grey, for nothing but to see that all of it is there
    image = _image(into, without_metadata(data), size, mode)
    image.Filter = Name.DCTDecode
    if is_inverted:
        image.Decode = Array([1, 0] * 4)
    return image


def _png(picture: Image.Image, rows: Rows, into: Pdf) -> Object:
    picture.load()  # for nothing but to see that all of it is there
    image = _image(into, rows.packed, picture.size, "RGB" if rows.colours == 3 else "L", bits=rows.bits)
    if rows.palette:
        last = len(rows.palette) // 3 - 1
        image.ColorSpace = Array([Name.Indexed, Name.DeviceRGB, last, String(rows.palette)])
    image.Filter = Name.FlateDecode
    image.DecodeParms = Dictionary(Predictor=15, Colors=rows.colours, BitsPerComponent=rows.bits, Columns=picture.width)
    return image


def _packed(picture: Image.Image, into: Pdf) -> Object:
    width, height = picture.size
    if picture.mode != "1" and width * height * len(picture.getbands()) > _MOST_LOSSLESS_BYTES:
        file = BytesIO()
        picture.save(file, format="JPEG", quality=_JPEG_QUALITY, subsampling=0)
        image = _image(into, file.getvalue(), picture.size, picture.mode)
        image.Filter = Name.DCTDecode
        return image
    bits = 1 if picture.mode == "1" else 8
    image = _image(into, zlib.compress(picture.tobytes()), picture.size, picture.mode, bits=bits)
    image.Filter = Name.FlateDecode
    return image


def _flat(picture: Image.Image) -> Image.Image:
    """Black and white, grey or coloured, laid on white where it is transparent."""
    picture.load()
    if picture.mode in {"1", "L", "RGB"} and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith("I;16"):
        return picture.convert("I").point(lambda sample: sample * (1 / 256)).convert("L")
    if picture.mode in _WITH_ALPHA or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        paper = Image.new("RGB", seen.size, "white")
        paper.paste(seen, mask=seen)
        return paper
    return picture.convert("L" if picture.mode in {"I", "F"} else "RGB")


def _image(into: Pdf, samples: bytes, size: tuple[int, int], mode: str, *, bits: int = 8) -> Object:
    about = Dictionary(
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=size[0],
        Height=size[1],
        ColorSpace=_SPACES[mode],
        BitsPerComponent=bits,
    )
    return into.make_indirect(Stream(into, samples, about))
