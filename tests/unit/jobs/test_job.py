import pytest
from hypothesis import given

from buffrsign.core.errors import NotYet, Permanent
from buffrsign.core.ids import is_ulid, new_ulid
from buffrsign.jobs import CONTRACTS, KindUnknown, NewerVersion, PayloadRefused, Queue, decode, encode
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.job import NEWER_VERSION_DELAY
from buffrsign.jobs.maintenance import Canary
from buffrsign.jobs.requests import OpenRequest, Sender, Signer
from tests.support.clock import NOON
from tests.support.jobs import OUR_CONTRACTS, any_job, letter

A_UUID = "4f8c4a3e-30f1-4c2e-9d2b-6f6a4a1f7f10"


@given(any_job())
def test_any_job_survives_its_journey(job):
    assert decode(job.kind, encode(job), job_id=job.job_id) == job


def test_a_job_has_a_ulid_of_its_own():
    first, second = Canary(), Canary()

    assert is_ulid(first.job_id)
    assert first.job_id != second.job_id


def test_the_payload_has_the_version_and_not_the_job_id():
    assert encode(Canary(note="hello")) == {"v": 1, "ask": "maintenance", "note": "hello"}


def test_a_payload_without_a_version_is_version_1():
    assert decode("maintenance.canary", {"note": "hello"}, job_id=new_ulid()).note == "hello"


def test_a_newer_version_waits_for_a_newer_worker_and_spends_no_attempt():
    with pytest.raises(NewerVersion, match="version 2 and this release knows up to 1") as caught:
        decode("maintenance.canary", {"v": 2, "shape": "unknown"}, job_id=new_ulid())

    assert isinstance(caught.value, NotYet)
    assert caught.value.delay == NEWER_VERSION_DELAY


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True, None])
def test_a_version_is_a_number_from_1(version):
    with pytest.raises(PayloadRefused, match=r"version number from 1 - at `\$\.v`"):
        decode("maintenance.canary", {"v": version}, job_id=new_ulid())


def test_an_unknown_kind_is_refused_with_the_list_of_those_that_exist():
    with pytest.raises(KindUnknown, match=r"email\.signatur_request.*known are: .*email\.signature_request") as caught:
        decode("email.signatur_request", {}, job_id=new_ulid())

    assert isinstance(caught.value, Permanent)


@pytest.mark.parametrize("payload", [None, [], "text", 7, b"bytes"])
def test_a_payload_is_an_object(payload):
    with pytest.raises(PayloadRefused, match="expected an object"):
        decode("maintenance.canary", payload, job_id=new_ulid())


def test_a_stock_producer_may_name_its_job_with_a_uuid():
    assert decode("maintenance.canary", {}, job_id=A_UUID).job_id == A_UUID


@pytest.mark.parametrize("job_id", ["", "7", "0" * 25, "a b", f"{A_UUID}\n", A_UUID.upper()])
def test_any_other_job_id_is_refused(job_id):
    with pytest.raises(PayloadRefused, match=r"a ULID .* or a UUID.* at `\$\.job_id`"):
        decode("maintenance.canary", {}, job_id=job_id)


def nested(levels: int) -> list[object]:
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [1, 100, 900, 100_000])
def test_deep_nesting_is_refused_at_both_ends(levels):
    deep = nested(levels)

    with pytest.raises(PayloadRefused, match=r"details|nested too deeply"):
        encode(RecordEvent(action="a", occurred_at=NOON, details={"deep": deep}))
    with pytest.raises(PayloadRefused, match=r"details|nested too deeply"):
        decode("audit.record_event", {"action": "a", "occurred_at": NOON, "details": {"deep": deep}}, job_id=new_ulid())


def test_a_value_that_contains_itself_is_refused():
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(PayloadRefused, match="nested too deeply"):
        encode(RecordEvent(action="a", occurred_at=NOON, details={"endless": endless}))


@pytest.mark.parametrize("kind", sorted(OUR_CONTRACTS))
def test_an_unknown_field_is_refused_by_name(kind):
    with pytest.raises(PayloadRefused, match=r"unknown field `colour`|missing required field"):
        decode(kind, {"colour": "red"}, job_id=new_ulid())


@pytest.mark.parametrize("name", ["anna.nangolo@example.com", "Anna Nangolo", "x" * 41, "half \ud800"])
def test_what_came_in_place_of_a_field_s_name_is_not_repeated(name):
    with pytest.raises(PayloadRefused) as caught:
        decode("maintenance.canary", {name: 1}, job_id=new_ulid())

    assert name not in str(caught.value)


@pytest.mark.parametrize("field", ["colour", "job_id"])
def test_a_field_that_the_contract_does_not_have_is_refused(field):
    with pytest.raises(PayloadRefused, match=f"unknown field `{field}`"):
        decode("maintenance.canary", {field: new_ulid()}, job_id=new_ulid())


def test_a_missing_field_is_named():
    with pytest.raises(PayloadRefused, match="missing required field `document_id`"):
        decode("documents.inspect", {}, job_id=new_ulid())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipient", {"email": "anna at example.com"}),
        ("recipient", {"email": "anna@example.com", "locale": "anna@example.com"}),
        ("document_id", "anna@example.com"),
        ("signing_url", "anna@example.com"),
        ("expires_at", "anna@example.com"),
        ("round", "anna@example.com"),
    ],
)
def test_a_refusal_never_repeats_the_value(field, value):
    payload = {**encode(letter(recipient=Recipient("b@example.com"))), field: value}

    with pytest.raises(PayloadRefused) as caught:
        decode("email.signature_request", payload, job_id=new_ulid())

    assert "anna" not in str(caught.value)


@pytest.mark.parametrize("value", ["anna@example.com", "x - at `$.note`", "`", "'\n", 7, {"email": "anna"}])
def test_a_refused_choice_names_the_choices_and_never_the_value(value):
    with pytest.raises(PayloadRefused) as caught:
        decode("compliance.eta_2019_check", {"document_id": "doc_7", "stage": value}, job_id=new_ulid())

    assert caught.value.reason in {
        "Expected one of received, on_demand - at `$.stage`",
        f"Expected `str`, got `{'int' if value == 7 else 'object'}` - at `$.stage`",
    }


def test_a_choice_within_a_list_is_refused_with_the_choices_too():
    payload = {"document_id": "doc_7", "title": "t", "completed_at": "2026-01-01T00:00:00Z", "signatories": []}
    happening = {"at": "2026-01-01T00:00:00Z", "what": "anna@example.com"}

    with pytest.raises(PayloadRefused) as caught:
        decode("documents.complete", {**payload, "happenings": [happening]}, job_id=new_ulid())

    assert caught.value.reason.startswith("Expected one of sent, viewed, consented")
    assert caught.value.reason.endswith("- at `$.happenings[0].what`")


def test_two_signers_with_one_id_are_refused():
    twice = Signer("user_3", "anna@example.com")

    with pytest.raises(ValueError, match="the same recipient_id"):
        OpenRequest(document_id="doc_7", document_title="t", sender=Sender("s@example.com"), signers=(twice, twice))


@pytest.mark.parametrize(("event", "recipient_id"), [("voided", "user_3"), ("signed", None)])
def test_an_event_names_its_signer_unless_the_sender_voided(event, recipient_id):
    payload = {"event_id": "e1", "document_id": "d1", "event": event, "occurred_at": NOON, "recipient_id": recipient_id}

    with pytest.raises(PayloadRefused, match="voided names no recipient_id"):
        decode("requests.signer_event", payload, job_id=new_ulid())


@pytest.mark.parametrize("event", ["extended", "viewed"])
def test_only_an_extension_says_a_new_expiry(event):
    expires_at = None if event == "extended" else NOON
    payload = {"event_id": "e1", "document_id": "d1", "event": event, "occurred_at": NOON, "recipient_id": "user_3"}

    with pytest.raises(PayloadRefused, match="extended says the new expires_at"):
        decode("requests.signer_event", payload | {"expires_at": expires_at}, job_id=new_ulid())


def test_a_letter_names_a_version_only_with_its_document():
    payload = {"recipient": {"email": "anna@example.com"}, "document_title": "t", "sha256": "a" * 64}

    with pytest.raises(PayloadRefused, match="a version is named with its document_id"):
        decode("email.document_completed", payload, job_id=new_ulid())


@pytest.mark.parametrize("time_zone", ["Africa/Atlantis", "../etc", "/etc/localtime"])
def test_a_signer_lives_in_a_time_zone_that_there_is(time_zone):
    with pytest.raises(ValueError, match="IANA"):
        Signer("user_3", "anna@example.com", time_zone=time_zone)


@pytest.mark.parametrize(
    "reminders", [{"first_after": "PT0S"}, {"every": "-P1D"}, {"at_most": 101}, {"every": "daily"}]
)
def test_reminders_have_delays_above_zero_and_an_end(reminders):
    payload = {
        "document_id": "doc_7",
        "document_title": "t",
        "sender": {"email": "s@example.com"},
        "signers": [{"recipient_id": "user_3", "email": "anna@example.com"}],
        "reminders": reminders,
    }

    with pytest.raises(PayloadRefused, match=r"\$\.reminders"):
        decode("requests.open", payload, job_id=new_ulid())


def test_what_python_let_through_travels_as_its_contract_says():
    loosely = OpenRequest(
        document_id="doc_7",
        document_title="t",
        sender={"email": "s@example.com"},
        signers=[Signer("user_3", "anna@example.com")],
        expires_at="2026-03-02T14:00:00+02:00",
    )

    job = decode(loosely.kind, encode(loosely), job_id=loosely.job_id)

    assert job.sender == Sender("s@example.com")
    assert job.signers == (Signer("user_3", "anna@example.com"),)
    assert job.expires_at == NOON


def test_a_job_is_frozen():
    with pytest.raises(AttributeError):
        Canary().note = "changed"


def test_every_kind_is_called_after_its_queue():
    assert all(kind.partition(".")[0] == contract.queue.value for kind, contract in OUR_CONTRACTS.items())


def test_a_canary_alone_names_its_queue():
    assert Canary(ask=Queue.EMAIL).destination is Queue.EMAIL
    assert all(
        contract.destination is not Canary.destination for kind, contract in CONTRACTS.items() if "canary" not in kind
    )
