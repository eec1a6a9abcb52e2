import logging

import msgspec
import pytest

from buffrsign.documents.analysis import Analysis
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.documents import AnalyseDocument
from buffrsign.storage import Step, Version
from config.services import Services
from tasks.base import Done
from tasks.documents import analyse_document
from tests.support import agreements, pdfs
from tests.support.chat_server import chat_server, completion
from tests.support.family import upload

pytestmark = pytest.mark.usefixtures("shared_sandbox")

WORDS = ("Erongo", "Kalahari", "Walvis", "2 500 000", "2500000", "salt")
"""What only the document says."""


@pytest.fixture(scope="module")
def agreement() -> bytes:
    return agreements.as_pdf(agreements.SUPPLY)


def analysed(services: Services, data: bytes) -> tuple[Version, Done]:
    version = upload(services, data)
    return version, analyse_document.run(AnalyseDocument(document_id="doc_7", sha256=version.sha256), services)


def kept(services: Services, done: Done) -> Analysis:
    return msgspec.json.decode(services.blobs.get(done.data["analysis"]), type=Analysis)


def test_what_a_document_says_is_kept_as_a_blob(services, agreement):
    version, done = analysed(services, agreement)

    analysis = kept(services, done)
    assert [party.name for party in analysis.parties] == ["Erongo Salt Works (Pty) Ltd", "Kalahari Foods CC"]
    assert {clause.label for clause in analysis.clauses} >= {"Anti-Assignment", "Governing Law"}
    assert services.catalog.results("doc_7", version.sha256)[Step.ANALYSIS] == done.data


def test_nothing_but_that_blob_holds_the_documents_words(services, enqueued, agreement, caplog):
    with caplog.at_level(logging.DEBUG):
        version, done = analysed(services, agreement)

    [entry] = enqueued.jobs(RecordEvent)
    assert entry.action == "document.analysed"
    assert entry.details == {"sha256": version.sha256, "analysed": True, "analysis": done.data["analysis"]}
    said = msgspec.json.encode(done.data).decode() + done.outcome + caplog.text
    assert [word for word in WORDS if word in said] == []


def test_the_step_says_counts_and_labels(services, agreement):
    _, done = analysed(services, agreement)

    assert (done.data["language"], done.data["type"], done.data["provider"]) == ("en", "supply", "built-in")
    assert done.data["counts"] == {"parties": 2, "dates": 3, "amounts": 4, "obligations": 3}
    assert done.data["clauses"]["Governing Law"] == 1
    assert "missing: Audit Rights" in done.data["recommendations"]


def test_a_scan_is_analysed_and_nothing_found(services):
    _, done = analysed(services, pdfs.picture_only())

    analysis = kept(services, done)
    assert (analysis.language, analysis.parties, analysis.clauses, analysis.recommendations) == (None, (), (), ())


def test_a_file_that_cannot_be_read_says_why_there_is_no_analysis(services, enqueued):
    version, done = analysed(services, pdfs.plain()[:200])

    assert done.data == {"analysed": False, "reason": "damaged"}
    assert enqueued.jobs(RecordEvent)[0].details == {
        "sha256": version.sha256,
        "analysed": False,
        "reason": "damaged",
    }


def test_a_language_model_that_is_configured_answers_in_the_place_of_ours(services, agreement):
    answer = {"dates": [{"page": 1, "quote": "1 March 2026", "role": "effective"}]}
    with chat_server(lambda _: completion(answer)) as server:
        use_model(services, server.url)

        _, done = analysed(services, agreement)

    assert (done.data["provider"], done.data["fallback_reason"]) == ("a-model", None)
    assert (done.data["counts"]["dates"], done.data["counts"]["parties"]) == (1, 0)
    assert kept(services, done).dates[0].iso == "2026-03-01"


def test_a_language_model_that_fails_is_said_and_ours_stands(services, agreement):
    with chat_server(lambda _: (503, b"")) as server:
        use_model(services, server.url)

        _, done = analysed(services, agreement)

    assert (done.data["provider"], done.data["fallback_reason"]) == ("built-in", "http_503")
    assert done.data["counts"]["parties"] == 2


def use_model(services: Services, url: str) -> None:
    """Ask the model on this server, before the first document."""
    services.settings = msgspec.structs.replace(
        services.settings, language_model_url=url, language_model_model="a-model"
    )
