"""The pictures of the pages after the first, in jobs of seconds, each of which enqueues the next one.

Whatever is interrupted goes on where the catalog says that pages are missing.
"""

from collections.abc import Iterator
from functools import partial
from itertools import count, takewhile

from buffrsign.documents import DrawnPage, DrawnPages, Inspected, Look, Unreadable
from buffrsign.jobs.documents import RenderPreviews
from buffrsign.storage import Step, Version
from config.services import Services
from tasks.base import Done, task
from tasks.documents.pictures import MOST_PAGES, keep, show_pages
from tasks.documents.steps import finish, read_pdf, record

PAGES_PER_JOB = 24
PAGES_PER_RUN = 8
LOOKS = Look.THUMBNAIL_WEBP | Look.PREVIEW_WEBP
"""Only page 1 is a PNG too, for programs that know no WebP."""

_LEDGER = ("pages", "drawn")


@task(RenderPreviews, attempts=5)
def render_previews(job: RenderPreviews, services: Services) -> Done:
    """Picture the next pages that have no pictures yet, and enqueue the job for those after them."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    pages = _pages(version, services)
    if isinstance(pages, Unreadable):
        return Done(pages.reason.value, {"rendered": False, "reason": pages.reason.value})
    missing = _missing(job.first_page, min(pages, MOST_PAGES), version, services)
    if now := missing[:PAGES_PER_JOB]:
        read_pdf(version, services, partial(_draw, now, pages=pages, version=version, services=services))
    if later := missing[PAGES_PER_JOB:]:
        services.producer.enqueue(
            RenderPreviews(document_id=version.document_id, sha256=version.sha256, first_page=later[0])
        )
        return Done(f"{len(now)} pages, {len(later)} to come", {"pages": pages})
    return _conclude(job, version, pages, services)


def _pages(version: Version, services: Services) -> int | Unreadable:
    """As many as the inspection counted, or counts now if nobody asked for one."""
    known = services.catalog.results(version.document_id, version.sha256).get(Step.INSPECT, {}).get("pages")
    if known is not None:
        return int(known)
    match read_pdf(version, services, services.sandbox.inspect):
        case Inspected() as found:
            return found.pages
        case Unreadable() as unreadable:
            return unreadable


def _missing(first: int, last: int, version: Version, services: Services) -> list[int]:
    """The pages without a word in the catalog: from `first` on, and then those before it that a lost job left out.

    Page 1 is another job's, and so may be there later.
    """
    known = services.catalog.pages(version.document_id, version.sha256)
    return [page for page in (*range(first, last + 1), *range(2, min(first, last + 1))) if page not in known]


def _draw(missing: list[int], data: bytes, *, pages: int, version: Version, services: Services) -> None:
    for drawn in _drawn(missing, data, services):
        keep(drawn, version, services)
        show_pages(version, pages=pages, services=services)


def _drawn(missing: list[int], data: bytes, services: Services) -> Iterator[dict[int, DrawnPage]]:
    """Run by run; after a run that ended its reader page by page, so that only the page that did it has the reason."""
    at_once = PAGES_PER_RUN
    while missing:
        asked = _consecutive(missing[:at_once])
        match services.sandbox.draw_pages(data, first=asked[0], count=len(asked), looks=LOOKS):
            case DrawnPages(pages=pages):
                drawn = dict(zip(asked, pages, strict=False))
            case Unreadable() if len(asked) > 1:
                at_once = 1
                continue
            case Unreadable(reason):
                drawn = {asked[0]: DrawnPage((), reason)}
        yield drawn
        missing = missing[len(drawn) :]


def _consecutive(pages: list[int]) -> list[int]:
    """The first ones, up to a gap."""
    return [page for page, _ in takewhile(lambda pair: pair[0] == pair[1], zip(pages, count(pages[0]), strict=False))]


def _conclude(job: RenderPreviews, version: Version, pages: int, services: Services) -> Done:
    counts = show_pages(version, pages=pages, services=services)
    found = {"pages": pages, **counts, "left_out": max(pages - MOST_PAGES, 0)}
    record(job, "document.previews_rendered", version, found, services, kept=_LEDGER)
    finish(version, Step.PREVIEWS, found, services)
    return Done(f"{counts['drawn']} of {pages} pages", found)
