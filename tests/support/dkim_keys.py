"""DKIM keys of the tests' own, and the DNS in which their public halves are."""

import base64
from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

Key = RSAPrivateKey | Ed25519PrivateKey


@cache
def rsa_key(bits: int = 2048) -> RSAPrivateKey:
    """The same one in each test of a process."""
    return generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ed25519_key() -> Ed25519PrivateKey:
    """The same one in each test of a process."""
    return Ed25519PrivateKey.generate()


def pem(key: Key) -> bytes:
    """The key as its file has it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def dns_of(**keys: Key) -> Callable[..., bytes]:
    """A DNS that knows each key under its selector, in any domain: what `dkim.verify` takes as `dnsfunc`."""

    def look_up(name: bytes, timeout: float = 5) -> bytes:
        return _record(keys[name.decode().partition(".")[0]])

    return look_up


def _record(key: Key) -> bytes:
    """RFC 6376, 3.6.1; RFC 8463, 4.2."""
    if isinstance(key, RSAPrivateKey):
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)
