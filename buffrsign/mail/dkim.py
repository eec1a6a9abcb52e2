"""DKIM signatures (RFC 6376): who answers for a letter, and that nobody has changed it since.

Header fields are canonicalized as `relaxed`, the body as `simple`: ours is 7-bit and has short lines, which no relay
has a reason to touch. Keys are RSA (rsa-sha256) or Ed25519 (RFC 8463); with one of each, letters carry two signatures.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from buffrsign.core.errors import Transient

SMALLEST_RSA_BITS = 2048
"""RFC 8301, 3.2: signers SHOULD use at least so many."""

SIGNED_TWICE = ("from", "to", "cc", "subject", "reply-to", "date", "message-id")
"""Named once more than they stand there, so that nobody adds a second one (RFC 6376, 8.15)."""

SIGNED = (
    *SIGNED_TWICE,
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",  # RFC 8058, 4: both MUST be covered
)

_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_WHITE_SPACE = re.compile(rb"[ \t\r\n]+")
_SIGNATURE_LINE = 72


class DkimKeyUnusable(Transient):
    """The key cannot be read or is none. Letters wait for whoever mends the setting; none goes out unsigned."""


class DkimSigner:
    """Signs in the name of one domain, with one key, whose public half is at `<selector>._domainkey.<domain>`."""

    def __init__(self, key_pem: bytes, *, domain: str, selector: str) -> None:
        """Raises DkimKeyUnusable: no unencrypted PEM key, neither RSA of 2,048 bits or more nor Ed25519."""
        self._key = _read(key_pem, selector)
        algorithm = "rsa-sha256" if isinstance(self._key, RSAPrivateKey) else "ed25519-sha256"
        self._about = f"v=1; a={algorithm}; c=relaxed/simple; d={domain}; s={selector};".encode("ascii")

    def sign(self, content: bytes) -> bytes:
        """The message, whose lines end in CRLF, with a signature before it. A byte that is changed later breaks it."""
        head, _, body = content.partition(b"\r\n\r\n")
        fields = _canonical_fields(head)
        names = _names(fields)
        unsigned = b"\r\n".join(
            [
                b"DKIM-Signature: " + self._about,
                *_in_lines(b"h=", names, b":", b";"),
                b" bh=" + base64.b64encode(hashlib.sha256(_simple(body)).digest()) + b";",
                b" b=",
            ]
        )
        covered = [*_in_order(fields, names), _relaxed(unsigned)]
        signature = base64.b64encode(self._signature(b"\r\n".join(covered)))
        lines = [signature[start : start + _SIGNATURE_LINE] for start in range(0, len(signature), _SIGNATURE_LINE)]
        return unsigned + b"\r\n ".join(lines) + b"\r\n" + content

    def _signature(self, covered: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(covered, PKCS1v15(), hashes.SHA256())
        return self._key.sign(hashlib.sha256(covered).digest())  # RFC 8463, 3: the hash is what is signed


def read_signers(text: str, *, domain: str) -> list[DkimSigner]:
    """The signers of a setting such as `mail2026=/etc/dkim/rsa.pem,mail2026e=/etc/dkim/ed25519.pem`.

    Raises:
        DkimKeyUnusable: a file cannot be read, or holds no usable key.
    """
    signers = []
    for entry in text.split(","):
        selector, _, path = entry.strip().partition("=")
        try:
            key_pem = Path(path).read_bytes()
        except OSError as error:
            raise DkimKeyUnusable(
                f"the DKIM key of the selector {selector} cannot be read ({type(error).__name__}); "
                "letters wait until it can"
            ) from error
        signers.append(DkimSigner(key_pem, domain=domain, selector=selector))
    return signers


def _read(key_pem: bytes, selector: str) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise DkimKeyUnusable(f"the DKIM key of the selector {selector} is no PEM key without a password") from error
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, RSAPrivateKey) and key.key_size >= SMALLEST_RSA_BITS):
        return key
    raise DkimKeyUnusable(
        f"the DKIM key of the selector {selector} must be RSA of {SMALLEST_RSA_BITS} bits or more, or Ed25519"
    )


def _canonical_fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Each header field, top down: its name in lower case, and all of it in relaxed form."""
    canonical = [_relaxed(field) for field in _FIELD_END.split(head)]
    return [(field.partition(b":")[0], field) for field in canonical]


def _relaxed(field: bytes) -> bytes:
    """RFC 6376, 3.4.2, without the closing CRLF."""
    name, _, value = field.partition(b":")
    return name.strip().lower() + b":" + _WHITE_SPACE.sub(b" ", value).strip()


def _simple(body: bytes) -> bytes:
    """RFC 6376, 3.4.3: one CRLF at the end, however many there were."""
    return body.rstrip(b"\r\n") + b"\r\n"


def _names(fields: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """What `h=` lists: every field of ours as often as it stands there, and some once more."""
    present = [name for name, _field in fields]
    names = []
    for name in (each.encode("ascii") for each in SIGNED):
        names += [name] * present.count(name)
    return names + [name.encode("ascii") for name in SIGNED_TWICE]


def _in_order(fields: Sequence[tuple[bytes, bytes]], names: Sequence[bytes]) -> list[bytes]:
    """The fields in the order of `names`; of several with one name, the lowest first (RFC 6376, 5.4.2)."""
    left = list(fields)
    ordered = []
    for name in names:
        for position in range(len(left) - 1, -1, -1):
            if left[position][0] == name:
                ordered.append(left.pop(position)[1])
                break
    return ordered


def _in_lines(tag: bytes, words: Sequence[bytes], separator: bytes, end: bytes) -> list[bytes]:
    """A tag's list over as many lines as it needs, each of which goes on from the one before."""
    lines, line = [], b" " + tag
    for position, word in enumerate(words):
        word_and = word + (end if position == len(words) - 1 else separator)
        if len(line) + len(word_and) > _SIGNATURE_LINE:
            lines.append(line)
            line = b" "
        line += word_and
    return [*lines, line]
