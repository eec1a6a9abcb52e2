"""A damaged file as qpdf understands it, written anew so that the other parsers understand it too."""

from io import BytesIO

import pikepdf

from buffrsign.documents.border import Refused
from buffrsign.documents.outcome import Reason


def rebuilt(data: bytes) -> bytes:
    """The same document with right cross references and without protection. Only for looking at: nobody signed it.

    Raises:
        Refused: it needs a password, or there are no pages in it.
        pikepdf.PdfError: there is nothing in it that could be saved.
    """
    copy = BytesIO()
    try:
        with pikepdf.open(BytesIO(data), suppress_warnings=True) as document:
            if len(document.pages) == 0:
                raise Refused(Reason.DAMAGED)
            document.save(
                copy,
                compress_streams=False,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                fix_metadata_version=False,
            )
    except pikepdf.PasswordError as error:
        raise Refused(Reason.ENCRYPTED) from error
    return copy.getvalue()
