"""Providers: the mail servers that take letters from us, as configuration names them."""

import re
from typing import Annotated, Literal

import msgspec

EXPECTED_PROVIDERS = 'a JSON list such as `[{"name": "ses", "host": "smtp.example.com", "security": "starttls"}]`'

DEFAULT_MESSAGE_BYTES = 10_000_000
"""A file of 7.3 MB fits in. Large providers take from 10 to 40 MB; what a recipient's server takes, nobody tells us."""

MessageBytes = Annotated[int, msgspec.Meta(ge=65_536, le=50_000_000)]

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
_NAME = r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z"
_KIND_OF_ERROR = re.compile(r" - at `(?P<path>[^`]*)`\Z")


class ProvidersRefused(ValueError):
    """The text names no chain of providers; the message says where, and repeats no value."""


class SmtpServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mail server that takes letters from us.

    `timeout_s` bounds each of its answers as a whole. `connections` bounds what one process keeps open there, of which
    one is kept for urgent letters. `per_second` is its send rate over the whole fleet; none means no bound.
    `max_message_bytes` is how large a message it takes, as it travels: a file is a good third larger there.
    """

    host: _Text
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    username: _Text | None = None
    password: _Text | None = None
    security: Literal["none", "starttls", "tls"] = "none"
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 30.0
    name: str = ""
    connections: Annotated[int, msgspec.Meta(ge=2, le=100)] = 4
    letters_per_connection: Annotated[int, msgspec.Meta(ge=1)] = 100
    idle_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    per_second: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    max_message_bytes: MessageBytes = DEFAULT_MESSAGE_BYTES

    @property
    def label(self) -> str:
        """What logs and rates call it."""
        return self.name or self.host

    def __repr__(self) -> str:
        return f"SmtpServer({self.label!r})"


def read_providers(text: str) -> tuple[SmtpServer, ...]:
    """The chain of providers, in the order in which they are asked.

    Raises:
        ProvidersRefused: it is no such list, names none, or gives one name twice.
    """
    try:
        providers = msgspec.json.decode(text, type=tuple[SmtpServer, ...])
    except msgspec.ValidationError as error:
        raise ProvidersRefused(_without_values(str(error))) from None
    except msgspec.DecodeError:
        raise ProvidersRefused("it is no JSON") from None
    labels = [provider.label for provider in providers]
    if not labels:
        raise ProvidersRefused("it names no provider")
    if len(set(labels)) < len(labels):
        raise ProvidersRefused("two providers have one name; give each a `name` of its own")
    for position, provider in enumerate(providers):
        if provider.name and not re.match(_NAME, provider.name):
            raise ProvidersRefused(f"the name at `$[{position}]` must be 1 to 64 letters, digits and _ . -")
    return providers


def _without_values(complaint: str) -> str:
    """Msgspec repeats unknown field names and enum values, which may be a misplaced secret: only the place is told."""
    place = _KIND_OF_ERROR.search(complaint)
    return f"what stands at `{place['path']}` does not fit" if place else "it is no list of providers"
