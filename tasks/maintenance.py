"""How the house is kept clean."""

from datetime import timedelta

from buffrsign.broker.forgetting import forget_lost
from buffrsign.core.clock import to_epoch_ms
from buffrsign.core.logs import get_logger
from buffrsign.jobs.audit import RecordEvent, entry_id
from buffrsign.jobs.maintenance import CacheCleanup, ExpiredDocuments, UncertainLetters
from buffrsign.storage import BlobsUnavailable, Deletion, DocumentState, Version
from config.cache import NAMESPACES
from config.services import Services
from tasks.base import Done, task

log = get_logger(__name__)

_MEANS_AWAY = 5
"""After so many failures in a row storage is away: each of them held the catalog's lock until it timed out."""

_UNFINISHED_FOR = timedelta(days=2)
"""An upload that is continued is continued within hours."""


@task(ExpiredDocuments, attempts=3)
def delete_expired_documents(job: ExpiredDocuments, services: Services) -> Done:
    """Delete what is past its retention and not on hold: the version's bytes, and the blobs made from it."""
    deleted, failures, in_a_row = 0, [], 0
    for version in services.catalog.expired(at_most=job.at_most):
        try:
            deleted += _delete(version, services)
            in_a_row = 0
        except BlobsUnavailable as error:
            failures.append(error)  # one blob that cannot be removed must not keep all the others
            in_a_row += 1
        if in_a_row == _MEANS_AWAY:
            break
    if failures:
        raise failures[0]
    _drop_unfinished_uploads(services)
    return Done(f"{deleted} deleted", {"deleted": deleted})


@task(CacheCleanup, attempts=3)
def clean_cache(job: CacheCleanup, services: Services) -> Done:  # noqa: ARG001
    """Drop cache entries that no current code reads, any that would stay for ever, and what is known of lost jobs."""
    dropped, forgotten = services.cache.clean(NAMESPACES), forget_lost(services.broker)
    lost = f", {forgotten} lost jobs will be forgotten" if forgotten else ""
    return Done(f"{dropped} dropped{lost}", {"dropped": dropped, "forgotten": forgotten})


@task(UncertainLetters, attempts=3)
def tell_of_uncertain_letters(job: UncertainLetters, services: Services) -> Done:  # noqa: ARG001
    """Log an error for the letters that nobody has known about for an hour; of each once a day.

    It is logged before it is noted, so that a crash in between tells twice and never not at all.
    """
    due = services.doubts.due_for_alert()
    if not due:
        return Done("no uncertain letter is due", {"letters": 0})
    oldest_h = (services.clock() - due[0].updated_at) // timedelta(hours=1)
    log.error("letters are uncertain, a person must decide", letters=len(due), oldest_h=oldest_h)
    services.doubts.alerted(due)
    return Done(f"{len(due)} uncertain, the oldest for {oldest_h} h", {"letters": len(due), "oldest_h": oldest_h})


def _drop_unfinished_uploads(services: Services) -> None:
    dropped = services.blobs.clean(before=services.clock() - _UNFINISHED_FOR)
    if dropped:
        log.info("uploads that nobody finished were dropped", uploads=dropped)


def _delete(version: Version, services: Services) -> bool:
    """Inside the block, so that a crash repeats all of it: the ledger entry has an id of its own and is made once.

    Versions of a document are due together, so people see it as deleted from the first one on.
    """
    uploaded_ms = to_epoch_ms(version.stored_at)  # the same bytes may be uploaded, and deleted, again
    with services.catalog.deleting(version.document_id, version.sha256) as deletion:
        if not isinstance(deletion, Deletion):
            return False
        for blob in deletion.unused_blobs:
            services.blobs.delete(blob)
        services.producer.enqueue(
            RecordEvent(
                entry_id=entry_id("document.deleted", version.document_id, version.sha256, uploaded_ms),
                action="document.deleted",
                occurred_at=services.clock(),
                document_id=version.document_id,
                details={"sha256": version.sha256, "blobs": len(deletion.unused_blobs), "reason": "expired"},
            )
        )
        services.document_statuses.publish(
            version.document_id, state=DocumentState.DELETED.value, step="retention", progress=100, reason="expired"
        )
    return True
