"""How the house is kept clean."""

from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.maintenance import CacheCleanup, ExpiredDocuments
from buffrsign.storage import BlobUse, Step, Version
from config.cache import NAMESPACES
from config.services import Services
from tasks.base import Done, task


@task(ExpiredDocuments, attempts=3)
def delete_expired_documents(job: ExpiredDocuments, services: Services) -> Done:
    """Delete what is past its retention and not held. Compliance reports stay: they hold no content."""
    expired = services.catalog.expired(at_most=job.at_most)
    for version in expired:
        _delete(version, services)
    return Done(f"{len(expired)} deleted", {"deleted": len(expired)})


@task(CacheCleanup, attempts=3)
def clean_cache(job: CacheCleanup, services: Services) -> Done:  # noqa: ARG001
    """Drop cache entries that no current code reads, and any that would stay for ever."""
    deleted = services.cache.clean(NAMESPACES)
    return Done(f"{deleted} dropped", {"dropped": deleted})


def _delete(version: Version, services: Services) -> None:
    """Bytes first, the catalog's mark last: a crash in between leaves the version expired, and the repeat ends it."""
