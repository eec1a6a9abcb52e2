"""What a version says, kept as a blob: it names people and quotes the document, so nothing else holds its words."""

from collections import Counter
from functools import partial
from typing import Any

import msgspec

from buffrsign.documents import Unreadable
from buffrsign.documents.analysis import MAX_CHARACTERS, Analysis
from buffrsign.jobs.documents import AnalyseDocument
from buffrsign.storage import Step, attach
from config.services import Services
from tasks.base import Done, task
from tasks.documents.steps import finish, read_pdf, record, show_progress

_LEDGER = ("analysed", "reason", "analysis")


@task(AnalyseDocument, attempts=5)
def analyse_document(job: AnalyseDocument, services: Services) -> Done:
    """Analyse the version, keep what was found as a blob, and go on to the check once everything before it is known."""
    version = services.catalog.live_version(job.document_id, job.sha256)
    match read_pdf(version, services, partial(_analysed, services=services)):
        case Analysis() as analysis:
            kept = attach(msgspec.json.encode(analysis), to=version, catalog=services.catalog, blobs=services.blobs)
            found: dict[str, Any] = {"analysed": True, "analysis": kept, **_told(analysis)}
            outcome = f"{len(analysis.clauses)} clauses"
        case Unreadable(reason):
            found = {"analysed": False, "reason": reason.value}
            outcome = reason.value
    record(job, "document.analysed", version, found, services, kept=_LEDGER)
    show_progress(version, Step.ANALYSIS, 100, services)
    finish(version, Step.ANALYSIS, found, services)
    return Done(outcome, found)


def _analysed(data: bytes, services: Services) -> Analysis | Unreadable:
    """What the built-in analysis finds, or the language model that is configured, on the text that the child read."""
    analysis = services.sandbox.analyse(data)
    if services.analyst is None or isinstance(analysis, Unreadable):
        return analysis
    read = services.sandbox.page_texts_of(data, max_pages=analysis.pages_read, max_characters=MAX_CHARACTERS)
    return analysis if isinstance(read, Unreadable) else services.analyst(analysis, read.texts)


def _told(analysis: Analysis) -> dict[str, Any]:
    """What of an analysis may be said outside its blob: counts, and words that are ours and none of the document's."""
    return {
        "language": analysis.language.code if analysis.language else None,
        "type": analysis.document_type.code if analysis.document_type else None,
        "provider": analysis.provider,
        "fallback_reason": analysis.fallback_reason,
        "is_cut": analysis.is_cut,
        "counts": {name: len(getattr(analysis, name)) for name in ("parties", "dates", "amounts", "obligations")},
        "clauses": dict(sorted(Counter(clause.label for clause in analysis.clauses).items())),
        "recommendations": [f"{each.why}: {each.clause}" for each in analysis.recommendations],
    }
