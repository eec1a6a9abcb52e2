"""Private payloads: what was sealed opens with its key, for its job, as it was; and in no other way."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu import serialization
from kombu.exceptions import DecodeError

from buffrsign.broker.bodies import read_body
from buffrsign.broker.books import Leased
from buffrsign.broker.dead_letters import Reason
from buffrsign.broker.envelope import first_message, next_message
from buffrsign.broker.messages import Readable, Unreadable, read
from buffrsign.crypto import (
    CONTENT_TYPE,
    HIDDEN,
    SEALED_FOR,
    SERIALIZER,
    Cipher,
    Head,
    KeysRefused,
    NotEncrypted,
    PayloadUnreadable,
    read_head,
    register,
    require_private,
)
from buffrsign.jobs.job import write
from tests.support.jobs import any_job, letter

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))
JOB_ID, KIND = "01JD8ZQ0000000000000000000", "email.signature_request"
PLAIN = b'[[{"name":"Anna Nangolo"}],{},{}]'


def spelt(**keys: bytes) -> str:
    return ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in keys.items())


CIPHER = Cipher({"old": OLD})
SEALED = CIPHER.seal(PLAIN, job_id=JOB_ID, kind=KIND)


def headers(job_id: str = JOB_ID, kind: str = KIND) -> dict[str, str]:
    return {"id": job_id, "task": kind}


def message_of(raw: bytes) -> Readable:
    message = read(Leased("", "email", raw, alone=False))
    assert isinstance(message, Readable)
    return message


@given(st.binary(), st.text(), st.text())
def test_whatever_is_sealed_opens_as_it_was(plain: bytes, job_id: str, kind: str) -> None:
    job_id, kind = job_id.replace("\n", ""), kind.replace("\n", "")

    sealed = CIPHER.seal(plain, job_id=job_id, kind=kind)

    assert CIPHER.open(sealed) == plain
    assert read_head(sealed) == Head("old", job_id, kind)


@given(any_job())
def test_any_job_s_message_holds_its_payload_for_who_has_the_key_alone(job) -> None:
    job, payload = write(job)

    raw = first_message(
        job_id=job.job_id, kind=job.kind, queue="email", payload=payload, keeps_result=False, cipher=CIPHER
    )

    body, closed = read_body(message_of(raw), CIPHER), read_body(message_of(raw))
    plain = first_message(job_id=job.job_id, kind=job.kind, queue="email", payload=payload, keeps_result=False)
    in_clear = read_body(message_of(plain))
    assert not isinstance(body, Unreadable)
    assert not isinstance(in_clear, Unreadable)
    assert body.payload == in_clear.payload
    assert isinstance(closed, Unreadable)
    assert closed.reason is Reason.PAYLOAD_UNREADABLE


@given(st.integers(0, len(SEALED) * 8 - 1))
def test_a_flipped_bit_is_refused_wherever_it_is(bit: int) -> None:
    changed = bytearray(SEALED)
    changed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(PayloadUnreadable):
        CIPHER.open(bytes(changed))


@given(st.integers(0, len(SEALED) - 1))
def test_a_body_that_was_cut_short_is_refused(length: int) -> None:
    with pytest.raises(PayloadUnreadable):
        CIPHER.open(SEALED[:length])


@given(st.binary())
def test_bytes_that_nobody_sealed_are_refused(garbage: bytes) -> None:
    with pytest.raises(PayloadUnreadable):
        CIPHER.open(garbage)


def test_the_same_payload_is_sealed_otherwise_each_time() -> None:
    again = CIPHER.seal(PLAIN, job_id=JOB_ID, kind=KIND)

    assert again != SEALED
    assert CIPHER.open(again) == CIPHER.open(SEALED)


def test_the_first_key_seals_and_all_of_them_open() -> None:
    rotated = Cipher.read(spelt(new=NEW, old=OLD))

    sealed = rotated.seal(PLAIN, job_id=JOB_ID, kind=KIND)

    assert read_head(sealed).key_id == "new"
    assert rotated.open(SEALED) == rotated.open(sealed) == PLAIN


def test_a_retired_key_is_named_with_those_that_are_known() -> None:
    with pytest.raises(PayloadUnreadable, match="the key old, and known here are: new; requeue it once"):
        Cipher({"new": NEW}).open(SEALED)


def test_another_key_by_the_same_id_does_not_open() -> None:
    with pytest.raises(
        PayloadUnreadable, match="does not open with the key old: it was changed, or the key is another"
    ):
        Cipher({"old": OTHER}).open(SEALED)


@pytest.mark.parametrize("message", [headers(job_id="another"), headers(kind="audit.record_event"), {}])
def test_a_body_that_was_moved_to_another_job_or_kind_is_refused(message: dict[str, str]) -> None:
    with pytest.raises(PayloadUnreadable, match="for another job"):
        require_private(CONTENT_TYPE, SEALED, message, CIPHER, require_encrypted=False)


def test_a_head_that_was_rewritten_for_another_job_does_not_open() -> None:
    moved = SEALED.replace(JOB_ID.encode(), b"01JD8ZQ0000000000000000001")

    require_private(CONTENT_TYPE, moved, headers("01JD8ZQ0000000000000000001"), CIPHER, require_encrypted=False)
    with pytest.raises(PayloadUnreadable):
        CIPHER.open(moved)


def test_a_payload_in_clear_is_refused_where_that_is_asked_for() -> None:
    require_private("application/json", PLAIN, headers(), CIPHER, require_encrypted=False)

    with pytest.raises(NotEncrypted):
        require_private("application/json", PLAIN, headers(), CIPHER, require_encrypted=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "number 1 has no id"),
        (base64.b64encode(OLD).decode(), "number 1 has no id"),
        ("old:", "has 0 bytes, and must have 32"),
        (spelt(old=b"short"), "the payload key old has 5 bytes, and must have 32"),
        (spelt(old=OLD) + ",new:????", "number 2 is no base64"),
        (spelt(old=OLD) + ",", "number 2 has no id"),
        (f"{spelt(old=OLD)},{spelt(old=NEW)}", "number 2 has the id of one before it"),
        (spelt(**{"o d": OLD}), "id is 1 to 32 letters"),
        (spelt(**{"o" * 33: OLD}), "id is 1 to 32 letters"),
    ],
)
def test_keys_that_are_spelt_wrong_are_refused_and_never_repeated(text: str, why: str) -> None:
    with pytest.raises(KeysRefused, match=why) as refused:
        Cipher.read(text)

    assert base64.b64encode(OLD).decode() not in str(refused.value)


def test_keys_may_have_spaces_around_them_and_the_alphabet_of_urls() -> None:
    key = b"\xff\xfe" * 16

    cipher = Cipher.read(f" old:{base64.urlsafe_b64encode(key).decode()} , {spelt(new=NEW)}")

    assert cipher.open(Cipher({"old": key}).seal(PLAIN, job_id="", kind="")) == PLAIN


def test_a_cipher_shows_its_keys_ids_and_not_its_keys() -> None:
    assert repr(Cipher({"new": NEW, "old": OLD})) == "Cipher(new, old)"


def test_a_job_id_with_a_line_break_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="line break"):
        CIPHER.seal(PLAIN, job_id="a\nb", kind=KIND)


def test_another_try_is_sealed_with_the_first_key_again() -> None:
    request = {**headers(), "args": [{"name": "Anna Nangolo"}], "kwargs": {}, "retries": 1}

    raw = next_message(request, queue="email", cipher=Cipher({"new": NEW, "old": OLD}))

    assert b"Nangolo" not in raw
    message = message_of(raw)
    assert message.envelope["headers"]["payload_key"] == "new"
    body = read_body(message, Cipher({"new": NEW}))
    assert not isinstance(body, Unreadable)
    assert body.payload == {"name": "Anna Nangolo"}


def test_kombu_reads_our_messages_and_writes_those_that_we_read() -> None:
    register(CIPHER)
    body = [[{"name": "Anna Nangolo"}], {}, {"chain": None, SEALED_FOR: [JOB_ID, KIND]}]

    content_type, encoding, sealed = serialization.dumps(tuple(body), serializer=SERIALIZER)

    assert (content_type, encoding) == (CONTENT_TYPE, "binary")
    require_private(content_type, sealed, headers(), CIPHER, require_encrypted=True)
    assert serialization.loads(sealed, content_type, encoding, accept={CONTENT_TYPE}) == [*body[:2], {"chain": None}]


def test_what_kombu_cannot_open_is_an_error_that_says_why() -> None:
    register(Cipher({"new": NEW}))

    with pytest.raises(DecodeError) as raised:
        serialization.loads(SEALED, CONTENT_TYPE, "binary", accept={CONTENT_TYPE})

    assert isinstance(raised.value.args[0], PayloadUnreadable)


def test_what_celery_publishes_is_for_its_own_job_and_shows_no_arguments() -> None:
    from celery import Celery

    register(CIPHER)
    with Celery("private", broker="memory://", set_as_current=False) as app:
        app.conf.update(task_serializer=SERIALIZER, task_default_queue="email")
        with app.connection_for_write() as connection:
            app.send_task(KIND, args=[letter().recipient.email], task_id=JOB_ID, connection=connection)
            message = connection.SimpleQueue("email").get_nowait()

    assert message.headers["argsrepr"] == HIDDEN
    require_private(message.content_type, message.body, message.headers, CIPHER, require_encrypted=True)
