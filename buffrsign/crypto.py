r"""Private payloads: the body of a message is sealed with AES-256-GCM, and only who has the key reads it.

    cipher = Cipher.read(os.environ["BUFFRSIGN_PAYLOAD_KEYS"])  # "2026-11:<base64>,2026-05:<base64>"
    producer = Producer(url, cipher=cipher)

The first key seals, all of them open: a new key goes in front, and the old one stays until nothing waits that it
sealed. Celery applications take it as a serializer of kombu's:

    register(cipher)
    app.conf.update(task_serializer=SERIALIZER, accept_content=["json", SERIALIZER])

A sealed body is `1\n<key id>\n<job id>\n<kind>\n`, twelve random bytes, and the ciphertext with its tag. What comes
before the random bytes is authenticated with it, so a body opens for no other job and no other kind. All else of a
message stays in clear: job id, kind, queue and times are no personal data.

Source: NIST SP 800-38D, 8.2.2 and 8.3: with random nonces, one key seals 2^32 messages at most.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from buffrsign.core.errors import Permanent
from buffrsign.core.key_list import KEYS_FORM, KeysRefused, read_keys

SERIALIZER = "buffrsign-encrypted"
CONTENT_TYPE = "application/x-buffrsign-encrypted"
CONTENT_ENCODING = "binary"
KEY_HEADER = "payload_key"
"""The header that names the key, for people: what a reader goes by is the body's own beginning."""

SEALED_FOR = "sealed_for"
"""What a body that Celery is about to publish says of its job, until the serializer takes it out."""

HIDDEN = "(…)"
"""What stands in headers, and so in events and logs, where Celery would show arguments."""

EXPECTED_KEYS = f"{KEYS_FORM}; the first one encrypts"

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSION = b"1"
_HEAD_LINES = 4
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")


class PayloadUnreadable(Permanent):
    """A sealed payload does not open: its key is missing or another, or it was changed or sealed for another job."""


class NotEncrypted(Permanent):
    """A payload came in clear to a reader that takes no such."""


@dataclass(frozen=True)
class Head:
    """What a sealed body says of itself. It is authentic only once the body was opened."""

    key_id: str
    job_id: str
    kind: str


class Cipher:
    """The keys of payloads. Safe to share between threads, and after a fork."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take keys by their ids; the first one seals.

        Raises:
            KeysRefused: there is none, an id or a key does not fit, or the extra `crypto` is not installed.
        """
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise KeysRefused("payload keys need the package cryptography: pip install 'buffrsign[crypto]'") from error
        if not keys:
            raise KeysRefused("there is no payload key")
        for key_id, key in keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise KeysRefused("a payload key's id is 1 to 32 letters, digits, dots, dashes or underscores")
            if len(key) != _KEY_BYTES:
                raise KeysRefused(f"the payload key {key_id} has {len(key)} bytes, and must have {_KEY_BYTES}")
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.key_id = next(iter(keys))
        self._seal = self._keys[self.key_id]
        self._begin = b"%b\n%b\n" % (_VERSION, self.key_id.encode())

    def __repr__(self) -> str:
        return f"Cipher({', '.join(self._keys)})"

    @classmethod
    def read(cls, text: str) -> Self:
        """The cipher of `id:base64key,id2:base64key`.

        Raises:
            KeysRefused: it is spelt otherwise, or two keys have one id.
        """
        return cls(read_keys(text, what="payload key"))

    def seal(self, plain: bytes, *, job_id: str, kind: str) -> bytes:
        """The body that opens as this, for this job and kind, with the first key.

        Raises:
            ValueError: a job id or kind holds a line break.
        """
        if "\n" in job_id or "\n" in kind:
            raise ValueError("a job id or kind with a line break cannot be sealed")
        head = b"%b%b\n%b\n" % (self._begin, _bytes(job_id), _bytes(kind))
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + self._seal.encrypt(nonce, plain, head)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            PayloadUnreadable: there is no such key here, or a bit of the body is not as it was sealed.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra

        head, rest = _split(sealed)
        key_id = read_head(sealed).key_id
        key = self._keys.get(key_id)
        if key is None:
            known = ", ".join(self._keys)
            raise PayloadUnreadable(
                f"its payload was encrypted with the key {_shown(key_id)}, and known here are: {known}; "
                "requeue it once a worker has that key"
            )
        try:
            return key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head)
        except InvalidTag as error:
            raise PayloadUnreadable(
                f"its payload does not open with the key {key_id}: it was changed, or the key is another by that id"
            ) from error


def read_head(sealed: bytes) -> Head:
    """What a sealed body says of itself; nothing is checked but the form.

    Raises:
        PayloadUnreadable: it is no sealed body, or of a newer form.
    """
    head, rest = _split(sealed)
    version, key_id, job_id, kind, _end = head.split(b"\n")
    if version != _VERSION:
        raise PayloadUnreadable("its payload is encrypted in a form that this release does not know")
    if len(rest) < _NONCE_BYTES + _TAG_BYTES:
        raise PayloadUnreadable("its payload was cut short")
    return Head(_text(key_id), _text(job_id), _text(kind))


def require_private(
    content_type: object, body: object, headers: Mapping[str, Any], cipher: Cipher | None, *, require_encrypted: bool
) -> None:
    """Make sure, before a payload is opened, that it is one to open here: this message's own, and by a known way.

    Raises:
        PayloadUnreadable: there are no keys here; or it is sealed for another job, or for nobody.
        NotEncrypted: it is in clear, and must not be.
    """
    if content_type != CONTENT_TYPE:
        if require_encrypted:
            raise NotEncrypted("its payload is not encrypted, and BUFFRSIGN_REQUIRE_ENCRYPTED=1 takes no such message")
        return
    if cipher is None:
        raise PayloadUnreadable("its payload is encrypted, and there are no keys here (BUFFRSIGN_PAYLOAD_KEYS)")
    if not isinstance(body, bytes):
        raise PayloadUnreadable("its payload says that it is encrypted, and is not")
    head = read_head(body)
    if (head.job_id, head.kind) != (headers.get("id"), headers.get("task")):
        raise PayloadUnreadable("its payload was encrypted for another job: somebody moved it, or sent it by hand")


def refusal_of_plain(*, is_on_loopback: bool, cipher: Cipher | None, allowed: bool) -> str:
    """Why payloads must not go to this broker in clear; '' where they may, or do not."""
    if cipher or is_on_loopback or allowed:
        return ""
    return (
        "a broker that is not on loopback needs cipher=, so that nobody there reads payloads (BUFFRSIGN_PAYLOAD_KEYS); "
        "allow_plain_payloads=True sends them in clear (BUFFRSIGN_ALLOW_PLAIN_PAYLOADS=1)"
    )


def register(cipher: Cipher) -> None:
    """Let kombu, and so Celery, seal and open with this cipher under the name `SERIALIZER`, in this process.

    What Celery publishes in this process then shows no arguments in its headers. A second call takes the newer cipher.
    """
    from celery.signals import before_task_publish  # noqa: PLC0415 - the thin producer needs no Celery
    from kombu import serialization  # noqa: PLC0415
    from kombu.utils.json import dumps, loads  # noqa: PLC0415

    def encode(body: Any) -> bytes:
        job_id, kind, plain = _addressed(body)
        return cipher.seal(dumps(plain).encode(), job_id=job_id, kind=kind)

    def decode(sealed: Any) -> Any:
        return loads(cipher.open(sealed.encode("latin-1") if isinstance(sealed, str) else bytes(sealed)))

    registry: Any = serialization  # its stub knows only text
    registry.register(SERIALIZER, encode, decode, CONTENT_TYPE, CONTENT_ENCODING)
    # One receiver a process: Celery keeps the first of a `dispatch_uid`.
    before_task_publish.disconnect(dispatch_uid=SERIALIZER)
    before_task_publish.connect(_address_for(cipher), weak=False, dispatch_uid=SERIALIZER)


def register_refusal(why: str) -> None:
    """Let Celery publish no task in this process: there are no keys, and its broker must not have payloads in clear."""
    from kombu import serialization  # noqa: PLC0415 - the thin producer needs no Celery

    def refuse(_body: Any) -> Any:
        raise KeysRefused(why)

    registry: Any = serialization  # its stub knows only text
    registry.register(SERIALIZER, refuse, refuse, CONTENT_TYPE, CONTENT_ENCODING)


def _address_for(cipher: Cipher) -> Any:
    def address(body: Any = None, headers: Any = None, **_signal: object) -> None:
        """Celery is about to publish: tell the serializer, which sees only the body, for whom it is."""
        from celery import current_app  # noqa: PLC0415

        match body, headers:
            case (_, _, dict() as follows), {"id": job_id, "task": kind}:
                follows[SEALED_FOR] = [job_id, kind]
                headers.update(argsrepr=HIDDEN, kwargsrepr=HIDDEN)
                if current_app.conf.task_serializer == SERIALIZER:
                    headers[KEY_HEADER] = cipher.key_id

    return address


def _addressed(body: Any) -> tuple[str, str, Any]:
    match body:
        case (args, kwargs, {"sealed_for": [str(job_id), str(kind)], **follows}):
            return job_id, kind, [args, kwargs, follows]
    return "", "", body


def _split(sealed: bytes) -> tuple[bytes, bytes]:
    parts = sealed.split(b"\n", _HEAD_LINES)
    if len(parts) <= _HEAD_LINES:
        raise PayloadUnreadable("its payload says that it is encrypted, and is not")
    return sealed[: len(sealed) - len(parts[-1])], parts[-1]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # stock producers may send half a pair as an id


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise PayloadUnreadable("its payload says that it is encrypted, and is not") from error


def _shown(key_id: str) -> str:
    """A key's id for people, unless it is something else that came in its place."""
    return key_id if _KEY_ID.fullmatch(key_id) else "of a name that is none"
