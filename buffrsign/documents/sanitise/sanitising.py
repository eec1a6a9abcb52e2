"""The reader that makes the copy, and proves on the pages that it looks as the document does."""

from collections import Counter

import msgspec
from pikepdf import Pdf

from buffrsign.documents.border import reads_pdf
from buffrsign.documents.look import DRAWN_WITHIN_MS, FIRST_PAGES, look_at
from buffrsign.documents.rewriting import LeftAlone, looks_the_same, opened_to_rewrite, written
from buffrsign.documents.sanitise.actions import strip_actions
from buffrsign.documents.sanitise.active import Active, Tally, dictionaries
from buffrsign.documents.sanitise.annotations import strip_annotation, strip_page
from buffrsign.documents.sanitise.files import strip_catalog, strip_external_data, strip_files


class Sanitised(msgspec.Struct, frozen=True, kw_only=True):
    """The copy, or why there is none.

    `pdf` is empty where the document was left alone. `removed`: how many of each kind were found; a kind that was not
    found is not there. `compared`: so many of the `pages`, the first ones, were drawn before and after, and are the
    same to the pixel at 256 pixels' width.
    """

    pdf: bytes
    left_alone: LeftAlone | None
    removed: dict[Active, int]
    pages: int
    compared: int


@reads_pdf
def sanitise(
    data: bytes, *, even_signed: int = 0, compare_pages: int = FIRST_PAGES, compare_ms: int = DRAWN_WITHIN_MS
) -> Sanitised:
    """Write the document anew, without what acts in it and without encryption; a copy of a copy is the same bytes.

    A signed document is left alone unless `even_signed` is not 0: the copy's signatures are then broken, and stay
    visible. At most `compare_pages` pages are compared, and none is begun after `compare_ms` of processor time.
    """
    before = look_at(data, pages=compare_pages, within_ms=compare_ms)
    compared = len(before.pictures)
    if before.is_signed and not even_signed:
        return Sanitised(pdf=b"", left_alone=LeftAlone.SIGNED, removed={}, pages=before.pages, compared=compared)
    with opened_to_rewrite(data) as pdf:
        removed = _strip(pdf)
        copy = written(pdf)
    if not looks_the_same(before, copy):
        return Sanitised(
            pdf=b"", left_alone=LeftAlone.LOOK_CHANGED, removed=removed, pages=before.pages, compared=compared
        )
    return Sanitised(pdf=copy, left_alone=None, removed=removed, pages=before.pages, compared=compared)


def _strip(pdf: Pdf) -> dict[Active, int]:
    tally: Tally = Counter()
    for node in dictionaries(pdf):
        strip_actions(node, tally)
        strip_files(node, tally)
        strip_external_data(node, tally)
        strip_annotation(node, tally)
        strip_page(node)
    strip_catalog(pdf.Root, tally)
    return {kind: tally[kind] for kind in Active if tally[kind]}
