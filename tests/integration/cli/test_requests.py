"""Signature requests as an operator sees them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from buffrsign.core.clock import utc_now
from buffrsign.requests import SignatureRequests
from tests.support.cli import Run, command_line
from tests.support.clock import NOON
from tests.support.database import migrated_database
from tests.support.requests import DOCUMENT, open_job, reassigned, signed, signer, voided

IN_TURN = (signer("anna", order=1), signer("ben", order=2))


@pytest.fixture
def requests(tmp_path: Path) -> Iterator[SignatureRequests]:
    with migrated_database(tmp_path) as database:
        yield SignatureRequests(database, clock=utc_now)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return command_line({"BUFFRSIGN_DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}"})


def test_a_request_shows_who_signed_and_who_is_next(run: Run, requests: SignatureRequests) -> None:
    requests.open(open_job(*IN_TURN))
    requests.record(signed("anna"))

    shown = json.loads(run("requests", "show", DOCUMENT, "--json").stdout)

    assert (shown["state"], shown["next"]) == ("open", "awaits ben")
    assert [(each["recipient_id"], each["state"], each["awaited"]) for each in shown["signers"]] == [
        ("anna", "signed", False),
        ("ben", "awaiting", True),
    ]


def test_a_signer_who_was_replaced_is_shown_beside_who_signs_instead(run: Run, requests: SignatureRequests) -> None:
    requests.open(open_job(*IN_TURN))
    requests.record(reassigned("anna", to="dora"))

    shown = json.loads(run("requests", "show", DOCUMENT, "--json").stdout)

    assert [(each["recipient_id"], each["state"], each["in_place_of"]) for each in shown["signers"]] == [
        ("anna", "reassigned", None),
        ("dora", "awaiting", "anna"),
        ("ben", "awaiting", None),
    ]
    assert shown["next"] == "awaits dora"


def test_names_and_addresses_are_shown_only_where_they_are_asked_for(run: Run, requests: SignatureRequests) -> None:
    requests.open(open_job(*IN_TURN))

    assert "anna@example.com" not in run("requests", "show", DOCUMENT).stdout
    assert "anna@example.com" in run("requests", "show", DOCUMENT, "--people").stdout


def test_a_voided_request_awaits_nobody(run: Run, requests: SignatureRequests) -> None:
    requests.open(open_job(*IN_TURN))
    requests.record(voided())

    shown = run("requests", "show", DOCUMENT)

    assert "awaits nobody: it is voided" in shown.stdout


def test_an_expired_request_awaits_nobody(run: Run, requests: SignatureRequests) -> None:
    requests.open(open_job(*IN_TURN, expires_at=NOON - timedelta(days=365)))

    shown = run("requests", "show", DOCUMENT)

    assert "awaits nobody: it expired at 2025-03-02 12:00:00 UTC" in shown.stdout


def test_a_document_without_a_request_is_a_sentence(run: Run, requests: SignatureRequests) -> None:
    shown = run("requests", "show", "doc_unknown")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "document doc_unknown has no signature request here" in shown.stderr
