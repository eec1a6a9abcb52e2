"""Somebody signs in another's place."""

from itertools import permutations

import pytest

from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.requests import SignerEvent
from buffrsign.requests import (
    Awaited,
    NotApplied,
    NotAwaited,
    RequestState,
    SignatureRequest,
    SignerState,
    SignerUnknown,
    WhyNotApplied,
    WhyNotAwaited,
    state,
)
from tests.support.clock import NOON
from tests.support.requests import declined, opened, reassigned, signed, signer, viewed, voided

ANNA, BEN, CARL = signer("anna"), signer("ben"), signer("carl", order=2)
DORA = signer("dora")


def after(request: SignatureRequest, *events: SignerEvent) -> SignatureRequest:
    """The request once all of these moved it."""
    for event in events:
        moved = state.apply(request, event)
        assert isinstance(moved, SignatureRequest), moved
        request = moved
    return request


def delivered(request: SignatureRequest, *events: SignerEvent) -> SignatureRequest:
    """The request once all were delivered; one that names nobody yet waits until the others were, as its task does."""
    waiting = list(events)
    while waiting:
        event = waiting.pop(0)
        try:
            moved = state.apply(request, event)
        except SignerUnknown:
            waiting.append(event)
        else:
            request = request if isinstance(moved, NotApplied) else moved
    return request


def answer(request: SignatureRequest, name: str) -> Awaited | NotAwaited:
    return state.awaits(request, Recipient(f"{name}@example.com", recipient_id=name), now=NOON)


def test_the_new_signer_takes_the_place_and_the_former_one_is_not_awaited():
    request = after(opened(ANNA, BEN, CARL), reassigned("anna", to="dora"))

    assert [each.signer.recipient_id for each in request.signers] == ["anna", "dora", "ben", "carl"]
    assert request.signers[1].in_place_of == "anna"
    assert (request.signers[0].state, request.signers[0].decided_at) == (SignerState.REASSIGNED, NOON)
    assert state.to_ask(request, now=NOON) == (DORA, BEN)
    assert answer(request, "anna") == NotAwaited(WhyNotAwaited.REASSIGNED)
    assert answer(request, "dora") == Awaited()


def test_a_place_that_comes_later_is_passed_on_with_its_order():
    request = after(opened(ANNA, CARL), reassigned("carl", to="dora"))

    assert answer(request, "dora") == NotAwaited(WhyNotAwaited.NOT_THEIR_TURN)
    assert state.to_ask(after(request, signed("anna")), now=NOON) == (signer("dora", order=2),)


def test_a_request_is_completed_by_those_who_sign_in_the_end():
    request = after(opened(ANNA, BEN), reassigned("anna", to="dora"), signed("ben"), signed("dora"))

    assert request.state is RequestState.COMPLETED


def test_who_signs_in_another_s_place_may_be_replaced_too():
    request = after(opened(ANNA), reassigned("anna", to="dora"), reassigned("dora", to="emil"))

    assert [each.in_place_of for each in request.signers] == [None, "anna", "dora"]
    assert state.to_ask(request, now=NOON) == (signer("emil"),)


def test_the_former_signer_cannot_sign_and_their_late_view_moves_nothing():
    request = after(opened(ANNA), reassigned("anna", to="dora"))

    for event in (signed("anna"), declined("anna"), reassigned("anna", to="emil")):
        assert state.apply(request, event) == NotApplied(WhyNotApplied.ALREADY_REASSIGNED)
    assert state.apply(request, viewed("anna")) == request


@pytest.mark.parametrize(
    ("before", "event", "reason"),
    [
        ([signed("anna")], reassigned("anna", to="dora"), WhyNotApplied.ALREADY_SIGNED),
        ([declined("anna")], reassigned("anna", to="dora"), WhyNotApplied.ALREADY_DECLINED),
        ([declined("ben")], reassigned("anna", to="dora"), WhyNotApplied.ALREADY_DECLINED),
        ([voided()], reassigned("anna", to="dora"), WhyNotApplied.ALREADY_VOIDED),
        ([], reassigned("anna", to="anna"), WhyNotApplied.SAME_PERSON),
        ([], reassigned("anna", to="ben"), WhyNotApplied.ALREADY_A_SIGNER),
        ([reassigned("anna", to="dora")], reassigned("dora", to="anna"), WhyNotApplied.ALREADY_A_SIGNER),
    ],
    ids=["signed", "declined", "another declined", "voided", "same person", "another signer", "back to the former"],
)
def test_a_reassignment_that_cannot_be_says_why(before, event, reason):
    assert state.apply(after(opened(ANNA, BEN), *before), event) == NotApplied(reason)


def test_the_place_of_a_stranger_cannot_be_passed_on():
    with pytest.raises(SignerUnknown):
        state.apply(opened(ANNA), reassigned("mallory", to="dora"))


def test_every_order_of_a_history_with_reassignments_ends_in_the_same_state():
    history = [
        viewed("anna"),
        reassigned("anna", to="dora"),
        reassigned("dora", to="emil"),
        reassigned("ben", to="fred"),
        signed("emil"),
        signed("fred"),
    ]

    ends = {delivered(opened(ANNA, BEN), *order) for order in permutations(history)}

    [end] = ends
    assert end.state is RequestState.COMPLETED
