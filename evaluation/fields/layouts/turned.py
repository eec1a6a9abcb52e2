"""Pages that are stored lying on their side and shown upright, as scanners and some printers write them."""

from io import BytesIO

from pypdf import PdfReader, PdfWriter, Transformation
from pypdf.generic import RectangleObject


def turned(data: bytes) -> bytes:
    """The same document to look at, with a quarter turn in each page's dictionary."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    for page in writer.pages:
        wide, tall = float(page.mediabox.width), float(page.mediabox.height)
        page.add_transformation(Transformation().rotate(90).translate(tall, 0))
        page.mediabox = page.cropbox = RectangleObject((0, 0, tall, wide))
        page.rotate(90)
    file = BytesIO()
    writer.write(file)
    return file.getvalue()
