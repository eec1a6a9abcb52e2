import msgspec
import pytest

from buffrsign.mail.entries import entry_of, id_of
from buffrsign.mail.rows import Delivery
from buffrsign.mail.states import Source, State
from tests.support.clock import NOON
from tests.support.mail import REQUEST


def delivery(state: State, *, source: Source = Source.DSN, **changes: object) -> Delivery:
    """The letter of `REQUEST` as it stands."""
    known: dict[str, object] = {
        "number": 1,
        "job_id": REQUEST.job_id,
        "kind": REQUEST.kind,
        "document_id": "doc_7",
        "round": 1,
        "host": "mx.example",
        "response": "550 no such user anna@example.com",
        "status": "5.1.1",
        "attempts": 1,
        "doubts": 0,
        "resend_allowed": False,
        "message_id": "<01jd@buffrsign.example>",
        "updated_at": NOON,
        "recipient": "anna@example.com",
        "address": "Anna@example.com",
    }
    return Delivery(**{**known, "state": state, "source": source, **changes})


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (State.ACCEPTED, "letter.accepted"),
        (State.BOUNCED, "letter.bounced"),
        (State.COMPLAINED, "letter.complained"),
    ],
)
def test_what_became_of_a_letter_is_an_entry_that_says_on_whose_word(state, action):
    entry = entry_of(delivery(state), now=NOON)

    assert (entry.action, entry.document_id, entry.occurred_at) == (action, "doc_7", NOON)
    assert entry.details == {
        "letter": REQUEST.kind,
        "round": 1,
        "recipient_id": None,
        "host": "mx.example",
        "said_by": "dsn",
        "status": "5.1.1",
    }


@pytest.mark.parametrize("state", [State.HANDING_OVER, State.DEFERRED, State.UNCERTAIN, State.SUPPRESSED])
def test_a_letter_of_which_nobody_said_what_became_has_no_entry(state):
    assert entry_of(delivery(state), now=NOON) is None


def test_no_entry_holds_an_address_or_a_server_s_words():
    entry = entry_of(delivery(State.BOUNCED), now=NOON)

    assert "anna" not in msgspec.json.encode(entry).decode().lower()


def test_a_recipient_who_has_an_id_is_named_by_it():
    entry = entry_of(delivery(State.BOUNCED, recipient="signer_1"), now=NOON)

    assert entry.details["recipient_id"] == "signer_1"


def test_a_sender_whose_key_holds_their_address_is_not_named_by_it():
    entry = entry_of(delivery(State.BOUNCED, recipient="anna@example.com about signer_1"), now=NOON)

    assert entry.details["recipient_id"] is None


def test_the_task_that_meets_the_letter_again_makes_the_same_entry():
    entry = entry_of(delivery(State.BOUNCED), now=NOON)

    assert entry.entry_id == id_of("letter.bounced", REQUEST.kind, REQUEST.key, source=Source.DSN)


def test_a_letter_without_a_document_is_known_by_its_job():
    entry = entry_of(delivery(State.BOUNCED, document_id=None), now=NOON)

    assert entry.entry_id == id_of("letter.bounced", REQUEST.kind, (REQUEST.job_id,), source=Source.DSN)


def test_a_refusal_in_the_session_and_a_bounce_that_comes_later_are_two_entries():
    ids = {id_of("letter.bounced", REQUEST.kind, REQUEST.key, source=source) for source in Source}

    assert len(ids) == len(Source)
