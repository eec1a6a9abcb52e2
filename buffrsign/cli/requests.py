"""Signature requests: who is asked, how far they are, and what is next."""
# ruff: noqa: PLC0415

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from buffrsign.cli.connections import open_database
from buffrsign.cli.options import as_json, database_url
from buffrsign.cli.output import as_text, print_facts, print_json, print_rows
from buffrsign.core.clock import utc_now
from buffrsign.core.errors import Permanent

if TYPE_CHECKING:
    from buffrsign.jobs.requests import Signer
    from buffrsign.requests import Next, Notice, SignatureRequest


class NoRequest(Permanent):
    """The document has no signature request."""


@click.group()
def requests() -> None:
    """Look at the signature requests."""


@requests.command()
@click.argument("document_id")
@click.option("--people", is_flag=True, help="Show the signers' names and e-mail addresses too.")
@database_url
@as_json
def show(document_id: str, *, people: bool, database_url: str, as_json: bool) -> None:
    """Show who is asked to sign a document, how far each of them is, who was told what, and what comes when."""
    from buffrsign.requests import SignatureRequests, state

    now = utc_now()
    with open_database(database_url) as database:
        requests = SignatureRequests(database, clock=utc_now)
        request, notices, planned = (
            requests.find(document_id),
            requests.notices(document_id),
            requests.planned(document_id),
        )
    if request is None:
        raise NoRequest(f"document {document_id} has no signature request here; check the id and --database-url")
    awaited = state.to_ask(request, now=now)
    facts: dict[str, Any] = {
        "document_id": request.document_id,
        "state": request.state,
        "opened_at": request.opened_at,
        "expires_at": request.expires_at,
        "next": _next(request, awaited),
    }
    signers = _signers(request, awaited, planned, people=people)
    told = [_as_dict(notice) for notice in notices]
    if as_json:
        print_json({**facts, "signers": signers, "told": told})
        return
    print_facts(facts)
    for table in filter(None, (signers, told)):
        click.echo()
        print_rows(list(table[0]), [list(row.values()) for row in table])


def _next(request: "SignatureRequest", awaited: "tuple[Signer, ...]") -> str:
    from buffrsign.requests import RequestState

    if awaited:
        return f"awaits {', '.join(signer.recipient_id for signer in awaited)}"
    if request.state is RequestState.OPEN:
        return f"awaits nobody: it expired at {as_text(request.expires_at)}"
    return f"awaits nobody: it is {request.state}"


def _as_dict(notice: "Notice") -> dict[str, object]:
    return {
        "told": notice.recipient_id,
        "letter": notice.letter,
        "round": notice.round,
        "told_at": notice.told_at,
    }


def _signers(
    request: "SignatureRequest", awaited: "tuple[Signer, ...]", planned: "Mapping[str, Next]", *, people: bool
) -> list[dict[str, object]]:
    following = {signer.recipient_id: planned.get(signer.recipient_id) for signer in awaited}
    return [
        {
            "recipient_id": progress.signer.recipient_id,
            **({"name": progress.signer.name, "email": progress.signer.email} if people else {}),
            "order": progress.signer.order,
            "in_place_of": progress.in_place_of,
            "state": progress.state,
            "decided_at": progress.decided_at,
            "awaited": progress.signer in awaited,
            "next_letter": plan.letter if (plan := following.get(progress.signer.recipient_id)) else None,
            "next_at": plan.at if plan else None,
        }
        for progress in request.signers
    ]
