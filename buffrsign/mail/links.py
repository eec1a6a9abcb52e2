"""The links that letters carry, and the tokens that make them secret.

A token says which key signed it and until when it holds; what it is for is not in it, but signed with it, so that it
opens nothing else: `<key id>.<seconds since 1970, or 0>.<HMAC-SHA-256, in base64>`. A link is minted when its letter is
sent, so that no queue, log or record holds it.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from buffrsign.core.clock import from_epoch_ms, to_epoch_ms
from buffrsign.core.key_list import KeysRefused, read_keys

TOKEN = "token"  # noqa: S105 - the name of a parameter, not a secret
LEAST_KEY_BYTES = 32


@dataclass(frozen=True)
class Valid:
    """The token was made for this, and holds."""


@dataclass(frozen=True)
class Expired:
    """The token was made for this, and holds no more since then."""

    since: datetime


@dataclass(frozen=True)
class Invalid:
    """The token was not made for this, or with no key that is known here."""


class LinkKeys:
    """Mints links and checks their tokens. The first key signs, all of them are taken: so keys can be replaced."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take keys by their ids.

        Raises:
            KeysRefused: there is none, or one is shorter than 32 bytes.
        """
        if not keys:
            raise KeysRefused("there is no link key")
        for key_id, key in keys.items():
            if len(key) < LEAST_KEY_BYTES or "." in key_id:
                raise KeysRefused(f"a link key needs {LEAST_KEY_BYTES} bytes and an id without dots")
        self._keys = dict(keys)
        self._newest = next(iter(keys))

    def __repr__(self) -> str:
        return f"LinkKeys({', '.join(self._keys)})"

    @classmethod
    def read(cls, text: str) -> Self:
        """The keys of `id:base64key,id2:base64key`. Raises KeysRefused."""
        return cls(read_keys(text, what="link key"))

    def mint(self, url: str, *, purpose: str, subject: tuple[str, ...], expires_at: datetime | None = None) -> str:
        """This URL with a token, for one purpose (`sign`, `download`, …) and one subject, such as document and signer.

        A token that the URL has already is replaced, so that minting a link again renews it.
        """
        token = self._token(self._newest, purpose, subject, _seconds(expires_at))
        parts = urlsplit(url)
        query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != TOKEN]
        return urlunsplit(parts._replace(query=urlencode([*query, (TOKEN, token)])))

    def check(self, token: str, *, purpose: str, subject: tuple[str, ...], now: datetime) -> Valid | Expired | Invalid:
        """Whether this token was made for this purpose and subject, and holds; in the same time for every wrong one."""
        key_id, _, rest = token.partition(".")
        seconds, _, _mac = rest.partition(".")
        if key_id not in self._keys or not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12):
            return Invalid()
        made = self._token(key_id, purpose, subject, int(seconds))
        if not hmac.compare_digest(made.encode(), token.encode("utf-8", "replace")):
            return Invalid()
        ends = from_epoch_ms(1000 * int(seconds))
        return Expired(ends) if int(seconds) and ends <= now else Valid()

    def _token(self, key_id: str, purpose: str, subject: tuple[str, ...], seconds: int) -> str:
        # Each part with its length before it: no two lists of parts have the same bytes.
        signed = b"".join(b"%d:%b" % (len(part), part) for part in map(str.encode, (purpose, str(seconds), *subject)))
        mac = base64.urlsafe_b64encode(hmac.digest(self._keys[key_id], signed, "sha256")).decode().rstrip("=")
        return f"{key_id}.{seconds}.{mac}"


def signing_url(base: str, *, document_id: str, recipient_id: str) -> str:
    """Where one signer signs one document, as in `https://sign.example.com/doc_7/anna%40example.com`."""
    return "/".join([base.rstrip("/"), quote(document_id, safe=""), quote(recipient_id, safe="")])


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else to_epoch_ms(moment) // 1000
