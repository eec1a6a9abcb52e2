"""What the pictures of pages have in common: they are kept as blobs, noted page by page, and counted for people."""

from collections.abc import Mapping

from buffrsign.documents import DrawnPage, Reason
from buffrsign.storage import PagePictures, StoredPicture, Version, attach
from config.services import Services

MOST_PAGES = 500
"""Of a document with more pages, the first so many have pictures."""


def keep(drawn: Mapping[int, DrawnPage], version: Version, services: Services) -> None:
    """Keep what was drawn of pages, by number from 1. The catalog says so last, when all their pictures are there."""
    services.catalog.put_pages(
        version.document_id,
        version.sha256,
        [PagePictures(number, _stored(page, version, services), _reason(page)) for number, page in drawn.items()],
    )


def _reason(page: DrawnPage) -> str:
    return "" if page.pictures else (page.reason or Reason.DAMAGED).value


def _stored(page: DrawnPage, version: Version, services: Services) -> dict[str, StoredPicture]:
    return {
        picture.look.file_name: StoredPicture(
            attach(picture.data, to=version, catalog=services.catalog, blobs=services.blobs),
            picture.width_px,
            picture.height_px,
        )
        for picture in page.pictures
    }


def show_pages(version: Version, *, pages: int, services: Services) -> dict[str, int]:
    """Tell people how many of `pages` are there; an older version than the latest says nothing. Returns the counts."""
    found = services.catalog.pages(version.document_id, version.sha256).values()
    drawn = sum(bool(page.pictures) for page in found)
    counts = {"drawn": drawn, "undrawn": len(found) - drawn}
    if services.catalog.version(version.document_id).sha256 == version.sha256:
        services.picture_progress.publish(
            version.document_id, sha256=version.sha256, pages=min(pages, MOST_PAGES), **counts
        )
    return counts
