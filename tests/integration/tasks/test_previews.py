import os
import signal
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest
from PIL import Image
from redis.client import PubSub

from buffrsign.core.errors import Permanent
from buffrsign.documents.sandbox import Limits, Sandbox
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.compliance import Eta2019Check
from buffrsign.jobs.documents import InspectDocument, RenderPreviews, RenderThumbnails
from buffrsign.producer import connect
from buffrsign.state.keys import PICTURE_CHANNEL_PREFIX
from buffrsign.state.picture_progress import PictureProgress
from buffrsign.storage import PagePictures, Step, Version, VersionDeleted
from buffrsign.testing import RecordingProducer, assert_enqueued
from config.services import Services
from tasks.documents import inspect_document, render_previews, render_thumbnails
from tasks.documents.pictures import MOST_PAGES
from tasks.documents.previews import PAGES_PER_JOB, PAGES_PER_RUN
from tasks.documents.steps import BEFORE_CHECK
from tests.support import bombs, pdfs
from tests.support.broker import TestBroker
from tests.support.clock import NOON, StoppedClock
from tests.support.family import actions, family_services, upload
from tests.support.wait import wait_until

pytestmark = pytest.mark.usefixtures("shared_sandbox")

INK = b"0 0 1 rg 10 10 80 80 re f"
FIRST = {"thumbnail.png", "thumbnail.webp", "preview.webp"}
LATER = {"thumbnail.webp", "preview.webp"}


def short(*drawn: bytes | None) -> bytes:
    """A document of pages that are quickly drawn."""
    return pdfs.of_pages(*drawn, height=10)


def begin(services: Services, data: bytes, *, pages: int | None = None) -> Version:
    """Upload, inspect, and picture page 1 after all else that the check waits for.

    `pages`: an inspection counted so many, whatever ours would say.
    """
    version = upload(services, data)
    for step in BEFORE_CHECK - {Step.INSPECT, Step.THUMBNAILS}:
        services.catalog.finish_step("doc_7", version.sha256, step, {}, of=BEFORE_CHECK)
    if pages is None:
        inspect_document.run(InspectDocument(document_id="doc_7", sha256=version.sha256), services)
    else:
        found = {"readable": True, "pages": pages}
        services.catalog.finish_step("doc_7", version.sha256, Step.INSPECT, found, of=BEFORE_CHECK)
    render_thumbnails.run(RenderThumbnails(document_id="doc_7", sha256=version.sha256), services)
    return version


def go_on(services: Services, enqueued: RecordingProducer) -> list[str]:
    """Run the jobs that follow page 1, each after the one that enqueued it; their outcomes."""
    outcomes: list[str] = []
    while len(jobs := enqueued.jobs(RenderPreviews)) > len(outcomes):
        outcomes.append(render_previews.run(jobs[len(outcomes)], services).outcome)
    return outcomes


def pages(services: Services, version: Version) -> dict[int, PagePictures]:
    return services.catalog.pages("doc_7", version.sha256)


def progress(services: Services) -> tuple[int, int, int]:
    """Pages drawn, pages with a reason instead, and pages in all, as people see them."""
    found = services.picture_progress.find("doc_7")
    assert found
    return found.drawn, found.undrawn, found.pages


@pytest.fixture
def watcher(broker: TestBroker) -> Iterator[PubSub]:
    """Watches the pictures of doc_7."""
    client = connect(broker.state_url)
    with client.pubsub() as watcher:
        watcher.subscribe(f"{PICTURE_CHANNEL_PREFIX}doc_7")
        wait_until(lambda: watcher.get_message(timeout=1), "the subscription to begin")
        yield watcher
    client.close()


def told(watcher: PubSub, *, until: int) -> list[int]:
    """How many pages were drawn at each message, up to the one that says so many."""
    drawn: list[int] = []
    while until not in drawn:
        message: Any = wait_until(lambda: watcher.get_message(timeout=1), f"{until} pages to be drawn")
        drawn.append(msgspec.json.decode(message["data"], type=PictureProgress).drawn)
    return drawn


def test_page_1_is_there_at_once_and_the_check_waits_for_no_other(services, enqueued):
    version = begin(services, short(INK, INK, INK))

    [page] = pages(services, version).values()
    assert (page.page, set(page.pictures), page.reason) == (1, FIRST, "")
    assert progress(services) == (1, 0, 3)
    assert_enqueued(enqueued, Eta2019Check, sha256=version.sha256)
    assert_enqueued(enqueued, RenderPreviews, document_id="doc_7", sha256=version.sha256, first_page=2)


def test_the_other_pages_follow_in_bounded_jobs_and_people_are_told_as_they_come(services, enqueued, watcher):
    count = 1 + PAGES_PER_JOB + 3
    version = begin(services, short(*[INK] * count))

    outcomes = go_on(services, enqueued)

    found = pages(services, version)
    assert list(found) == list(range(1, count + 1))
    assert all(set(page.pictures) == LATER for number, page in found.items() if number > 1)
    assert outcomes == [f"{PAGES_PER_JOB} pages, 3 to come", f"{count} of {count} pages"]
    assert [job.first_page for job in enqueued.jobs(RenderPreviews)] == [2, 2 + PAGES_PER_JOB]
    runs = range(1 + PAGES_PER_RUN, PAGES_PER_JOB + 2, PAGES_PER_RUN)
    assert list(dict.fromkeys(told(watcher, until=count))) == [1, *runs, count]
    assert progress(services) == (count, 0, count)


def test_every_picture_can_be_read_from_what_the_catalog_says(services, enqueued):
    version = begin(services, short(INK, INK))
    go_on(services, enqueued)

    for page in pages(services, version).values():
        for name, picture in page.pictures.items():
            with Image.open(BytesIO(services.blobs.get(picture.blob)), formats=["PNG", "WEBP"]) as opened:
                assert opened.size == (picture.width_px, picture.height_px)
                assert str(opened.format).lower() == name.partition(".")[2]


def test_the_end_is_recorded_as_a_step_and_in_the_ledger(services, enqueued):
    version = begin(services, short(INK, INK))
    go_on(services, enqueued)

    found = services.catalog.results("doc_7", version.sha256)[Step.PREVIEWS]
    assert found == {"pages": 2, "drawn": 2, "undrawn": 0, "left_out": 0}
    assert actions(enqueued) == ["document.inspected", "document.thumbnails_rendered", "document.previews_rendered"]
    assert enqueued.jobs(RecordEvent)[-1].details == {"sha256": version.sha256, "pages": 2, "drawn": 2}


def test_a_broken_page_has_its_reason_and_the_others_their_pictures(services, enqueued):
    version = begin(services, short(INK, None, INK), pages=3)
    outcomes = go_on(services, enqueued)

    found = pages(services, version)
    assert (found[2].pictures, found[2].reason) == ({}, "damaged")
    assert set(found[3].pictures) == LATER
    assert (outcomes, progress(services)) == (["2 of 3 pages"], (2, 1, 3))


def test_a_first_page_that_is_broken_fails_alone(services, enqueued):
    version = begin(services, short(None, INK), pages=2)
    go_on(services, enqueued)

    assert services.catalog.results("doc_7", version.sha256)[Step.THUMBNAILS] == {
        "rendered": False,
        "reason": "damaged",
    }
    assert set(pages(services, version)[2].pictures) == LATER
    assert_enqueued(enqueued, Eta2019Check, sha256=version.sha256)


def test_a_page_that_ends_its_reader_takes_no_other_page_with_it(services, enqueued):
    version = begin(services, bombs.tiling_page(at=3, of=4))
    services.sandbox = impatient = Sandbox(Limits(cpu_s=0.3))

    go_on(services, enqueued)

    impatient.close()
    found = pages(services, version)
    assert [found[number].reason for number in (2, 3, 4)] == ["", "resource_limit", ""]
    assert impatient.killed > 0


def test_a_document_that_cannot_be_read_has_no_pages(services, enqueued):
    version = upload(services, pdfs.encrypted(user_password="secret"))
    render_thumbnails.run(RenderThumbnails(document_id="doc_7", sha256=version.sha256), services)

    done = render_previews.run(RenderPreviews(document_id="doc_7", sha256=version.sha256), services)

    assert (enqueued.jobs(RenderPreviews), done.outcome, pages(services, version)) == ([], "encrypted", {})


def test_pages_beyond_the_bound_are_left_out_and_said_to_be(services, enqueued):
    version = begin(services, pdfs.with_page_repeated(times=MOST_PAGES + 2))
    rest = range(2, MOST_PAGES)
    services.catalog.put_pages("doc_7", version.sha256, [PagePictures(number, {}, "damaged") for number in rest])

    go_on(services, enqueued)

    found = services.catalog.results("doc_7", version.sha256)[Step.PREVIEWS]
    assert max(pages(services, version)) == MOST_PAGES
    assert (found["pages"], found["left_out"], found["drawn"]) == (MOST_PAGES + 2, 2, 2)


def test_pages_are_counted_here_where_nobody_inspected_the_document(services, enqueued):
    version = upload(services, short(INK, INK))
    render_thumbnails.run(RenderThumbnails(document_id="doc_7", sha256=version.sha256), services)

    assert go_on(services, enqueued) == ["2 of 2 pages"]


def test_jobs_that_run_twice_draw_once_and_write_one_entry(services, enqueued):
    version = begin(services, short(INK, INK))
    job = RenderPreviews(document_id="doc_7", sha256=version.sha256)
    render_previews.run(job, services)
    forget_blobs(services, version, of=(2,))

    done = render_previews.run(job, services)

    assert done.outcome == "2 of 2 pages"
    assert not any(are_there(services, version, of=(2,)))
    assert actions(enqueued).count("document.previews_rendered") == 1


def test_after_a_kill_only_what_is_missing_is_drawn(services, enqueued, broker, clock, tmp_path):
    count = PAGES_PER_RUN + 4
    version = begin(services, short(*[INK + b" %d 0 9 9 re f" % number for number in range(count)]))
    job = RenderPreviews(document_id="doc_7", sha256=version.sha256)

    status = run_and_be_killed(job, broker, clock, tmp_path, on="show_pages")

    drawn = tuple(range(2, PAGES_PER_RUN + 2))
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert tuple(pages(services, version)) == (1, *drawn)
    forget_blobs(services, version, of=drawn)  # so that drawing them again would show
    assert render_previews.run(job, services).outcome == f"{count} of {count} pages"
    assert not any(are_there(services, version, of=drawn))
    assert all(are_there(services, version, of=range(PAGES_PER_RUN + 2, count + 1)))


def test_an_earlier_page_that_a_lost_job_left_out_is_drawn_in_the_end(services, enqueued):
    version = begin(services, short(INK, INK, INK, INK))

    done = render_previews.run(RenderPreviews(document_id="doc_7", sha256=version.sha256, first_page=4), services)

    assert done.outcome == "4 of 4 pages"


def test_an_older_version_changes_nothing_that_people_see(services, enqueued):
    older = upload(services, short(INK, INK))
    begin(services, short(INK, INK, INK))

    render_previews.run(RenderPreviews(document_id="doc_7", sha256=older.sha256), services)

    assert progress(services) == (1, 0, 3)
    assert list(pages(services, older)) == [2]


def test_the_pictures_go_with_the_version(services, enqueued):
    version = upload(services, short(INK, INK), retain_until=NOON)
    render_thumbnails.run(RenderThumbnails(document_id="doc_7", sha256=version.sha256), services)
    go_on(services, enqueued)
    made = {picture.blob for page in pages(services, version).values() for picture in page.pictures.values()}

    with services.catalog.deleting("doc_7", version.sha256) as deletion:
        unused = set(deletion.unused_blobs)

    assert made <= unused
    with pytest.raises(VersionDeleted) as refused:
        render_previews.run(RenderPreviews(document_id="doc_7", sha256=version.sha256), services)
    assert isinstance(refused.value, Permanent)


def forget_blobs(services: Services, version: Version, *, of: tuple[int, ...]) -> None:
    for number in of:
        for picture in pages(services, version)[number].pictures.values():
            services.blobs.delete(picture.blob)


def are_there(services: Services, version: Version, *, of: Any) -> list[bool]:
    folder = Path(services.settings.blob_folder)
    blobs = [picture.blob for number in of for picture in pages(services, version)[number].pictures.values()]
    assert blobs
    return [(folder / blob[:2] / blob).exists() for blob in blobs]


def run_and_be_killed(job: RenderPreviews, broker: TestBroker, clock: StoppedClock, folder: Path, *, on: str) -> int:
    """Run the job in a fork, which is killed where it first calls the function of this name; its wait status."""

    def kill(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == on:
            os.kill(os.getpid(), signal.SIGKILL)

    pid = os.fork()
    if not pid:
        try:
            with family_services(broker, folder, producer=RecordingProducer(clock=clock), clock=clock) as services:
                sys.settrace(kill)
                render_previews.run(job, services)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    return status
