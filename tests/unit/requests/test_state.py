from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from tests.support.requests import declined, opened, signed, signer, viewed, voided

ANNA, BEN, CARL = signer("anna"), signer("ben"), signer("carl", order=2)


def after(request: SignatureRequest, *events: SignerEvent) -> SignatureRequest:
    """The request once all events were applied; those that contradict it move nothing."""

    def step(current: SignatureRequest, event: SignerEvent) -> SignatureRequest:
        moved = state.apply(current, event)
        return current if isinstance(moved, NotApplied) else moved

    return reduce(step, events, request)


def answer(request: SignatureRequest, name: str) -> Awaited | NotAwaited:
    return state.awaits(request, Recipient(f"{name}@example.com", recipient_id=name), now=NOON)


def test_a_request_is_completed_when_the_last_signer_has_signed():
    half = after(opened(ANNA, BEN), signed("anna"))
    whole = after(half, signed("ben"))

    assert half.state is RequestState.OPEN
    assert whole.state is RequestState.COMPLETED


def test_a_late_view_does_not_take_a_signature_back():
    request = after(opened(ANNA), signed("anna"))

    assert state.apply(request, viewed("anna")) == request


def test_the_first_decision_stays_and_the_second_is_told_why():
    request = after(opened(ANNA, BEN), declined("anna"))

    assert state.apply(request, signed("anna")) == NotApplied(WhyNotApplied.ALREADY_DECLINED)
    assert state.apply(after(request, signed("ben")), signed("ben")) == NotApplied(WhyNotApplied.ALREADY_SIGNED)


def test_a_request_is_voided_once():
    request = after(opened(ANNA), voided())

    assert request.state is RequestState.VOIDED
    assert state.apply(request, voided()) == NotApplied(WhyNotApplied.ALREADY_VOIDED)


def test_a_signature_that_comes_after_the_void_is_kept_but_completes_nothing():
    request = after(opened(ANNA), voided(), signed("anna"))

    assert request.state is RequestState.VOIDED
    assert request.signers[0].state is SignerState.SIGNED


def test_it_is_remembered_when_a_signer_decided():
    request = after(opened(ANNA), signed("anna", occurred_at=NOON + timedelta(hours=1)))

    assert request.signers[0].decided_at == NOON + timedelta(hours=1)


def test_an_event_of_a_stranger_is_refused_without_naming_them():
    with pytest.raises(SignerUnknown) as caught:
        state.apply(opened(ANNA), signed("mallory@example.com"))

    assert "mallory" not in str(caught.value)


def test_all_signers_of_the_lowest_unfinished_order_are_asked():
    request = opened(ANNA, BEN, CARL)

    assert state.to_ask(request, now=NOON) == (ANNA, BEN)
    assert state.to_ask(after(request, signed("anna")), now=NOON) == (BEN,)
    assert state.to_ask(after(request, signed("anna"), signed("ben")), now=NOON) == (CARL,)


@pytest.mark.parametrize("end", [(voided(),), (declined("anna"),), (signed("anna"), signed("ben"), signed("carl"))])
def test_nobody_is_asked_once_the_request_has_ended(end):
    assert state.to_ask(after(opened(ANNA, BEN, CARL), *end), now=NOON) == ()


@pytest.mark.parametrize(
    ("events", "name", "expected"),
    [
        ((), "anna", Awaited()),
        ((viewed("anna"),), "anna", Awaited()),
        ((signed("anna"),), "anna", NotAwaited(WhyNotAwaited.SIGNED)),
        ((signed("anna"),), "carl", NotAwaited(WhyNotAwaited.NOT_THEIR_TURN)),
        ((signed("anna"), signed("ben")), "carl", Awaited()),
        ((declined("anna"),), "anna", NotAwaited(WhyNotAwaited.DECLINED)),
        ((declined("anna"),), "ben", NotAwaited(WhyNotAwaited.DECLINED)),
        ((voided(), signed("anna")), "anna", NotAwaited(WhyNotAwaited.VOIDED)),
        ((signed("anna"), signed("ben"), signed("carl")), "ben", NotAwaited(WhyNotAwaited.COMPLETED)),
        ((), "mallory", NotAwaited(WhyNotAwaited.NOT_A_SIGNER)),
    ],
)
def test_a_signature_is_awaited_only_from_whoever_has_the_turn(events, name, expected):
    assert answer(after(opened(ANNA, BEN, CARL), *events), name) == expected


def test_nothing_is_awaited_from_the_moment_of_expiry():
    request, ana = opened(ANNA), Recipient("anna@example.com")
    assert request.expires_at is not None

    assert state.awaits(request, ana, now=request.expires_at - timedelta(seconds=1)) == Awaited()
    assert state.awaits(request, ana, now=request.expires_at) == NotAwaited(WhyNotAwaited.EXPIRED)
    assert state.to_ask(request, now=request.expires_at) == ()


def test_without_an_id_a_signer_is_known_by_address_in_any_case():
    assert state.awaits(opened(ANNA), Recipient("Anna@Example.COM"), now=NOON) == Awaited()


def test_an_id_counts_more_than_an_address():
    stranger = Recipient("anna@example.com", recipient_id="mallory")

    assert state.awaits(opened(ANNA), stranger, now=NOON) == NotAwaited(WhyNotAwaited.NOT_A_SIGNER)


def test_of_signers_who_share_an_address_one_who_is_awaited_suffices():
    office = [signer("anna", email="office@example.com"), signer("ben", email="office@example.com")]
    shared = Recipient("office@example.com")

    assert state.awaits(after(opened(*office), signed("anna")), shared, now=NOON) == Awaited()


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[SignerEvent], list[SignerEvent]]:
    """What the platform can produce for three signers: views, at most one decision each, perhaps a void.

    Given once as it happened, and once shuffled and with repeats, as a queue may deliver it.
    """
    events = []
    for name in ("anna", "ben", "carl"):
        events += [viewed(name) for _ in range(draw(st.integers(0, 2)))]
        events += draw(st.sampled_from([[], [signed(name)], [declined(name)]]))
    events += draw(st.sampled_from([[], [voided()]]))
    repeats = draw(st.lists(st.sampled_from(events), max_size=5)) if events else []
    return events, draw(st.permutations(events + repeats))


@given(histories())
def test_every_order_of_a_history_with_repeats_ends_in_the_same_state(history):
    happened, delivered = history
    request = opened(ANNA, BEN, CARL)

    assert after(request, *delivered) == after(request, *happened)


@given(histories())
def test_a_signer_never_moves_back(history):
    rank = list(SignerState).index
    request = opened(ANNA, BEN, CARL)

    for event in history[1]:
        moved = after(request, event)
        assert all(rank(b.state) >= rank(a.state) for a, b in zip(request.signers, moved.signers, strict=True))
        request = moved


@given(histories())
def test_whoever_is_asked_is_awaited_and_nobody_else(history):
    request = after(opened(ANNA, BEN, CARL), *history[1])
    asked = {each.recipient_id for each in state.to_ask(request, now=NOON)}

    assert asked == {name for name in ("anna", "ben", "carl") if answer(request, name) == Awaited()}
