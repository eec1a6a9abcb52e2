"""What is active in a document, by kind, and the walk over all of its objects that finds it."""

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import TypeAlias

from pikepdf import Array, Dictionary, Object, Pdf, Stream


class Active(StrEnum):
    """A kind of what is removed; the unit that is counted stands beside it."""

    JAVASCRIPT = "javascript"  # scripts, wherever they hang
    LAUNCH = "launch"  # actions that start a program or open a file
    OTHER_DOCUMENT = "other_document"  # jumps into another or an embedded document
    FORM_DATA = "form_data"  # actions that send, fetch or clear a form's values
    MEDIA = "media"  # annotations that play or turn something, and the actions that steer them
    UNSAFE_LINK = "unsafe_link"  # links to what is not on the web: scripts, files, shares
    OTHER_ACTION = "other_action"  # what else happens by itself or at a click
    EMBEDDED_FILE = "embedded_file"  # files within the file
    EXTERNAL_DATA = "external_data"  # streams and pages that are fetched from another file
    FILE_ANNOTATION = "file_annotation"  # places on a page that offer a file
    XFA = "xfa"  # forms in XML, each beside the ordinary form of the same document


Tally: TypeAlias = Counter[Active]

_WORTH_A_LOOK = re.compile(
    rb"/(?:AA?|AF|Annots|EF|JS|[NP]A|OpenAction|3D|FileAttachment|Movie|RichMedia|Screen|Sound|Subtype \d+|F|Ref)\b"
)
"""Keys and subtypes that the removers act on. qpdf writes names without needless escapes, so `/J#53` is `/JS` here; a
subtype may lie in an object of its own."""


def dictionaries(pdf: Pdf) -> Iterator[Object]:
    """Each dictionary of the document that may hold what is active, streams' own too, once, however it is reached.

    A dictionary may be changed between two steps. What lies in it was noted before, and still comes.
    """
    for holder in (pdf.trailer, *pdf.objects):
        if not isinstance(holder, Array | Dictionary | Stream):
            continue
        body = holder.stream_dict if isinstance(holder, Stream) else holder
        if _WORTH_A_LOOK.search(body.unparse(resolved=True)):
            yield from _within(body)


def _within(holder: Object) -> Iterator[Object]:
    """The holder, if it is a dictionary, and those that lie in it without a number of their own."""
    waiting = [holder]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Array):
            waiting += [item for item in node if _lies_here(item)]
        else:
            waiting += [value for _, value in node.items() if _lies_here(value)]
            yield node


def _lies_here(value: object) -> bool:
    return isinstance(value, Array | Dictionary) and not value.is_indirect
