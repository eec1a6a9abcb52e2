"""Where a version asks for signatures, dates and the like, and of whom."""

from collections import Counter
from typing import Any

import msgspec

from buffrsign.documents import Fields, Unreadable
from buffrsign.jobs.documents import DetectFields
from buffrsign.storage import Step
from config.services import Services
from tasks.base import Done, task
from tasks.documents.steps import finish, read_pdf, record, show_progress

_LEDGER = ("searched", "reason", "fields", "by_type")


@task(DetectFields, attempts=5)
def detect_fields(job: DetectFields, services: Services) -> Done:
    """Find the version's fields, keep them in the catalog, and go on to the check once everything before it is known.

    The headings of the parties' blocks stay in the catalog: the job's own result and the ledger have counts.
    """
    version = services.catalog.live_version(job.document_id, job.sha256)
    match read_pdf(version, services, services.sandbox.find_fields):
        case Fields() as report:
            counts = Counter(field.type.value for field in report.fields)
            told: dict[str, Any] = {"searched": True, "fields": report.total, "by_type": _by_type(counts)}
            found = {"searched": True, "counts": dict(counts), **msgspec.to_builtins(report)}
            outcome = "1 field" if report.total == 1 else f"{report.total} fields"
        case Unreadable(reason):
            told = found = {"searched": False, "reason": reason.value}
            outcome = reason.value
    record(job, "document.fields_detected", version, told, services, kept=_LEDGER)
    show_progress(version, Step.FIELDS, 100, services)
    finish(version, Step.FIELDS, found, services)
    return Done(outcome, told)


def _by_type(counts: Counter[str]) -> list[str]:
    return [f"{kind}: {count}" for kind, count in sorted(counts.items())]
