"""Writing a document anew: opened with qpdf, changed in place, written without dates, and compared with what it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import BytesIO

import pikepdf

from buffrsign.documents.border import Refused
from buffrsign.documents.look import Look, look_at
from buffrsign.documents.outcome import MAX_PAGES, Reason


class LeftAlone(StrEnum):
    """Why a readable document was not written anew.

    `signed`: its signatures cover its bytes, and would be broken. `look_changed`: a page of the copy did not look as
    it did before, so the copy was thrown away.
    """

    SIGNED = "signed"
    LOOK_CHANGED = "look_changed"


@contextmanager
def opened_to_rewrite(data: bytes) -> Iterator[pikepdf.Pdf]:
    """The document as objects that may be changed; with the empty password where it is encrypted.

    Raises:
        Refused: it needs a password, or has more than `MAX_PAGES` pages that are really there.
    """
    try:
        pdf = pikepdf.open(BytesIO(data), suppress_warnings=True)
    except pikepdf.PasswordError as error:
        raise Refused(Reason.ENCRYPTED) from error
    with pdf:
        if len(pdf.pages) > MAX_PAGES:
            raise Refused(Reason.TOO_MANY_PAGES)
        yield pdf


def written(pdf: pikepdf.Pdf) -> bytes:
    """The document as a file: without encryption, streams byte for byte as they came, and no date or random number.

    So the same objects give the same bytes, and what was written so is written the same again. What nothing refers to
    is left out, earlier revisions among it.
    """
    file = BytesIO()
    pdf.save(
        file,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.preserve,
        fix_metadata_version=False,
        deterministic_id=True,
        encryption=False,
    )
    return file.getvalue()


def looks_the_same(before: Look, copy: bytes, *, added: int = 0) -> bool:
    """Whether the copy has the pages that there were, and `added` ones, and those that were drawn are as they were."""
    after = look_at(copy, pages=len(before.pictures))
    return after.pages == before.pages + added and after.pictures == before.pictures
