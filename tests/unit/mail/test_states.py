"""The rules by which one word about a letter follows another, for any words in any order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.mail.states import (
    Event,
    OnDoubt,
    OnDoubtRefused,
    State,
    after_report,
    as_words,
    is_about_size,
    is_about_the_mailbox,
    may_settle,
    read_on_doubt,
    resends,
    status_in,
)
from workers.processes import ROOT

A, B, C = State.ACCEPTED, State.BOUNCED, State.COMPLAINED
TABLE = {
    #                    delivered, deferred, bounced, complained
    State.HANDING_OVER: (A, State.HANDING_OVER, B, C),
    State.UNCERTAIN: (A, State.UNCERTAIN, B, C),
    State.DEFERRED: (A, State.DEFERRED, B, C),
    State.ACCEPTED: (A, A, B, C),
    State.BOUNCED: (B, B, B, C),
    State.COMPLAINED: (C, C, C, C),
    State.SUPPRESSED: (State.SUPPRESSED,) * 4,
}
EVENTS = (Event.DELIVERED, Event.DEFERRED, Event.BOUNCED, Event.COMPLAINED)
events = st.lists(st.sampled_from(EVENTS), max_size=6)


def after_all(state: State, reports: list[Event]) -> State:
    for event in reports:
        state = after_report(state, event)
    return state


@pytest.mark.parametrize("state", State)
def test_a_report_moves_a_letter_as_the_table_says(state):
    assert tuple(after_report(state, event) for event in EVENTS) == TABLE[state]


def test_the_page_shows_the_table_as_it_is():
    page = (ROOT / "docs" / "letters-once.md").read_text(encoding="utf-8")

    for state, ends in TABLE.items():
        cells = [f"`{end}`" if end is not state else "stays" for end in ends]
        assert f"| `{state}` | {' | '.join(cells)} |" in page


@given(state=st.sampled_from(State), reports=events, order=st.randoms())
def test_reports_lead_to_one_end_in_whatever_order_they_come_and_however_often(state, reports, order):
    shuffled = [*reports, *reports]
    order.shuffle(shuffled)

    assert after_all(state, shuffled) == after_all(state, reports)


@given(state=st.sampled_from(State), reports=events)
def test_no_report_takes_back_what_is_known(state, reports):
    heights = [State.ACCEPTED, State.BOUNCED, State.COMPLAINED]
    passed = list(itertools.accumulate(reports, after_report, initial=state))

    known = [heights.index(each) for each in passed if each in heights]
    assert known == sorted(known)
    assert state not in heights or len(known) == len(passed)


@given(state=st.sampled_from(State), reports=events)
def test_no_report_lets_a_letter_be_sent_that_could_not_be_sent_before(state, reports):
    may_be_sent = {State.DEFERRED, State.SUPPRESSED}

    assert state in may_be_sent or after_all(state, reports) not in may_be_sent


@pytest.mark.parametrize("said", [State.DEFERRED, State.BOUNCED, State.UNCERTAIN])
@pytest.mark.parametrize("now", State)
def test_an_end_is_written_by_whoever_holds_the_claim_while_nothing_better_is_known(now, said):
    is_open = now in {State.HANDING_OVER, State.UNCERTAIN}

    assert may_settle(now, said, holds_claim=True) is is_open
    assert not may_settle(now, said, holds_claim=False)


@pytest.mark.parametrize("holds_claim", [True, False])
@pytest.mark.parametrize("now", State)
def test_an_acceptance_is_written_unless_it_is_known_or_more_is(now, holds_claim):
    assert may_settle(now, State.ACCEPTED, holds_claim=holds_claim) is (now not in {A, B, C})


@given(state=st.sampled_from(State), reports=events, place=st.integers(0, 6))
def test_our_own_acceptance_and_the_reports_lead_to_one_end_whichever_is_written_first(state, reports, place):
    def end(moment: int) -> State:
        now = after_all(state, reports[:moment])
        now = A if may_settle(now, A, holds_claim=True) else now
        return after_all(now, reports[moment:])

    if state is not State.SUPPRESSED:
        assert end(min(place, len(reports))) == end(0)


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("550 5.1.1 no such user", "5.1.1"),
        ("250 2.0.0 queued", "2.0.0"),
        ("550-5.7.26 see 5.1.1", "5.7.26"),
        ("550 no such user", ""),
        ("connect to 5.1.1.9 failed", ""),
        ("3.1.1 is no class", ""),
        ("", ""),
    ],
)
def test_an_enhanced_status_code_is_found_in_a_servers_words(response, code):
    assert status_in(response) == code


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"])
def test_a_refusal_about_the_mailbox_suppresses_it(status):
    assert is_about_the_mailbox(status)


@pytest.mark.parametrize(
    "status", ["", "5.0.0", "5.1.8", "5.2.2", "5.3.4", "5.6.0", "5.7.1", "5.7.26", "4.1.1", "2.1.1"]
)
def test_a_refusal_about_us_or_the_letter_suppresses_nobody(status):
    assert not is_about_the_mailbox(status)


def test_what_follows_a_doubt_is_said_by_kind():
    policies = read_on_doubt("email.signature_request=resend_once, email.document_completed=hold,")

    assert policies == {
        "email.signature_request": OnDoubt.RESEND_ONCE,
        "email.document_completed": OnDoubt.HOLD,
    }
    assert resends(policies, "email.signature_request", doubts=1)
    assert not resends(policies, "email.signature_request", doubts=2)
    assert not resends(policies, "email.document_completed", doubts=1)
    assert not resends(policies, "email.signature_reminder", doubts=1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("email.no_such=hold", "'email.no_such' is no kind of letter; known are: email.compliance_alert"),
        ("audit.record_event=hold", "is no kind of letter"),
        ("email.signature_request=resend", "may be hold or resend_once"),
        ("email.signature_request", "may be hold or resend_once"),
        ("resend_once", "is no kind of letter"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused_with_what_does(text, complaint):
    with pytest.raises(OnDoubtRefused, match=complaint):
        read_on_doubt(text)


@given(st.text(st.characters(), max_size=50))
def test_words_from_outside_are_one_line_that_every_database_can_hold(text):
    words = as_words(text, at_most=20)

    assert len(words) <= 20
    assert words.isprintable()
    words.encode()


@pytest.mark.parametrize(
    ("response", "is_size"),
    [
        ("552 5.3.4 message too big for system", True),
        ("550 5.2.3 message length exceeds administrative limit", True),
        ("552 too much mail data", True),
        ("552 5.2.2 mailbox full", False),
        ("550 5.1.1 no such user", False),
        ("554 message refused", False),
        ("450 4.3.4 later", False),
        ("", False),
    ],
)
def test_a_refusal_is_about_size_if_its_code_says_so(response, is_size):
    assert is_about_size(status_in(response), response) is is_size
