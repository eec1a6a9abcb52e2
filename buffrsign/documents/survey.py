"""What a document is made of: one walk over its objects, bounded, which tells what later steps and the law ask for."""

import msgspec
from pypdf import PageObject, PdfReader
from pypdf.generic import DictionaryObject

from buffrsign.documents.actions import ACTIVE, Act, ActionCount, ActionsFound, Links, Place
from buffrsign.documents.enclosures import EmbeddedFile, embedded, embedded_in_names
from buffrsign.documents.form import Form, form_of
from buffrsign.documents.metadata import Metadata, archive_claim_of, catalog_version, metadata_of
from buffrsign.documents.objects import Glance, dictionaries, dictionary, name, whole
from buffrsign.documents.resources import Fonts, Images, ResourceCount
from buffrsign.documents.signatures import MAX_SIGNATURES, Signature, signatures_of
from buffrsign.documents.structure import count_pages, fields, has_xfa

MAX_EMBEDDED_FILES = 50
MAX_ROTATIONS = 100
_MEDIA = frozenset({"RichMedia", "3D", "Movie", "Sound", "Screen"})


class Structure(msgspec.Struct, frozen=True):
    """What pypdf finds in a document. Every list is cut; the totals beside them are not.

    `pages`: those that hang in the page tree. `rotations`: degrees by which each of the first `MAX_ROTATIONS` pages is
    turned clockwise to be read. `active_content`: something in it would run, or send or fetch data, if the reader's
    program let it; `actions` says what and where. `is_complete`: all of it was looked at.
    """

    pages: int
    rotations: tuple[int, ...]
    catalog_version: str | None
    archive_claim: str | None
    metadata: Metadata
    fonts: Fonts
    images: Images
    form: Form | None
    signatures: tuple[Signature, ...]
    signatures_total: int
    embedded_files: tuple[EmbeddedFile, ...]
    embedded_files_total: int
    active_content: bool
    actions: tuple[ActionsFound, ...]
    links: Links
    is_complete: bool


def survey(reader: PdfReader, data: bytes, *, in_clear: bool) -> Structure:
    """Look at the document's objects. `data` is the file as uploaded, and `in_clear` says that the reader reads that.

    Raises:
        Refused: it has more than `MAX_PAGES` pages or `MAX_FIELDS` form fields.
        Exception: whatever pypdf raises, for example where there are no pages.
    """
    pages = count_pages(reader)
    form = fields(reader)
    glance = Glance()
    actions, resources = ActionCount(glance), ResourceCount(glance)
    enclosed = list(embedded_in_names(reader.root_object, glance))
    actions.add_document(reader.root_object)
    for field in form:
        actions.add_clickable(field.node, Place.FIELD)
    for page in reader.pages:
        enclosed += _look_at(page, actions, resources, glance)
    _look_at_outline(reader, actions, glance)
    signatures = signatures_of(form, data, in_clear=in_clear)
    found = tuple(actions.found())
    return Structure(
        pages=pages,
        rotations=tuple(map(_rotation, reader.pages[:MAX_ROTATIONS])),
        catalog_version=catalog_version(reader),
        archive_claim=archive_claim_of(reader),
        metadata=metadata_of(reader),
        fonts=resources.fonts(),
        images=resources.images(),
        form=form_of(form, xfa=has_xfa(reader)),
        signatures=tuple(signatures[:MAX_SIGNATURES]),
        signatures_total=len(signatures),
        embedded_files=tuple(enclosed[:MAX_EMBEDDED_FILES]),
        embedded_files_total=len(enclosed),
        active_content=any(each.act in ACTIVE for each in found),
        actions=found,
        links=actions.links(),
        is_complete=not glance.is_spent,
    )


def _look_at(page: PageObject, actions: ActionCount, resources: ResourceCount, glance: Glance) -> list[EmbeddedFile]:
    """Count what the page is made of; the files that hang on it."""
    enclosed: list[EmbeddedFile] = []
    resources.add(dictionary(page, "/Resources"))
    actions.add_triggers(page, Place.PAGE)
    for annotation in dictionaries(page, "/Annots"):
        if not glance.is_first_at(annotation):
            continue
        actions.add_clickable(annotation, Place.ANNOTATION)
        kind = name(annotation, "/Subtype")
        if kind in _MEDIA:
            actions.add_act(Act.RICH_MEDIA, Place.ANNOTATION)
        if kind == "FileAttachment":
            enclosed += embedded(dictionary(annotation, "/FS"), glance)
    return enclosed


def _look_at_outline(reader: PdfReader, actions: ActionCount, glance: Glance) -> None:
    waiting: list[DictionaryObject] = [dictionary(dictionary(reader.root_object, "/Outlines"), "/First")]
    while waiting:
        item = waiting.pop()
        if not item or not glance.is_first_at(item):
            continue
        actions.add(dictionary(item, "/A"), Place.OUTLINE)
        waiting += [dictionary(item, "/Next"), dictionary(item, "/First")]


def _rotation(page: PageObject) -> int:
    """A multiple of 90; anything else counts as not turned, as PDFium has it."""
    return whole(page, "/Rotate") % 360 // 90 * 90
