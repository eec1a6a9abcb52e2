"""One question to an OpenAI-compatible chat-completions endpoint, bounded in time and size."""

import time
from dataclasses import dataclass, field

import httpx
import msgspec

from buffrsign.core.errors import Transient

MAX_ANSWER_BYTES = 4 * 1024 * 1024


class NoAnswer(Transient):
    """The endpoint gave no usable answer. `reason` is a word for the result and the log; it quotes nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the language model gave no answer: {reason}")
        self.reason = reason


class _Message(msgspec.Struct, frozen=True):
    content: str


class _Choice(msgspec.Struct, frozen=True):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...]


@dataclass(frozen=True)
class Endpoint:
    """`url` is the base, such as `https://models.example.com/v1`; `key` goes out as a bearer token."""

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0

    def complete(self, instructions: str, material: str, *, deadline: float) -> str:
        """What the model answers, by the deadline of `time.monotonic`.

        Raises:
            NoAnswer: it is away, too slow, refuses, or answers what is no completion, a cut one or one too long.
        """
        body = {
            "model": self.model,
            "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": material}],
            "temperature": 0,
            "response_format": {"type": "json_object"},
        }
        completion = _decoded(self._post(body, deadline))
        if not completion.choices or completion.choices[0].finish_reason == "length":
            raise NoAnswer("cut_off")
        return completion.choices[0].message.content

    def _post(self, body: object, deadline: float) -> bytes:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        left = deadline - time.monotonic()
        if left <= 0:
            raise NoAnswer("timeout")
        try:
            with httpx.stream(
                "POST", f"{self.url.rstrip('/')}/chat/completions", json=body, headers=headers, timeout=left
            ) as response:
                if response.status_code != httpx.codes.OK:
                    raise NoAnswer(f"http_{response.status_code}")
                return _read(response, deadline)
        except httpx.TimeoutException as error:
            raise NoAnswer("timeout") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswer("unreachable") from error


def _read(response: httpx.Response, deadline: float) -> bytes:
    """The body, as long as it is short enough and comes in time: httpx's own timeout is for each part."""
    whole = bytearray()
    for part in response.iter_bytes():
        whole += part
        if len(whole) > MAX_ANSWER_BYTES:
            raise NoAnswer("too_long")
        if time.monotonic() > deadline:
            raise NoAnswer("timeout")
    return bytes(whole)


def _decoded(body: bytes) -> _Completion:
    try:
        return msgspec.json.decode(body, type=_Completion)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NoAnswer("not_a_completion") from error
