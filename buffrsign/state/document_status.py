"""The status of each document: kept for a reload, and published to whoever watches at the moment it changes.

Both are one step on the state server (`lua/say.lua`): workers that look at one document side by side do not lose each
other's words, and a percentage never goes back.
"""

from datetime import timedelta
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from buffrsign.core.clock import Clock, to_epoch_ms
from buffrsign.state.keys import DOCUMENT_CHANNEL_PREFIX, DOCUMENT_STATUS_PREFIX, STEP_TIMES

if TYPE_CHECKING:
    from redis import Redis

STATUS_TTL = timedelta(days=30)
STEP_TIMES_TTL = timedelta(days=30)


class Planned(msgspec.Struct, frozen=True):
    """A step on the way to `ready`. Steps of one `stage` run side by side, after all of the stages before, from 1.

    `share` of the whole: what its percentage counts, in a unit that all steps of a plan have.
    """

    step: str
    stage: int
    share: int


Plan = tuple[Planned, ...]


class StepState(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class StepStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the latest version. `progress` is a percentage of this step; times are ms since 1970 in UTC."""

    state: StepState
    progress: int
    stage: int
    share: int
    began_at_ms: int | None = None
    done_at_ms: int | None = None


class DocumentStatus(msgspec.Struct, frozen=True):
    """What a person sees. `progress` is a percentage of the steps on the way to `ready`; `reason` explains `held`.

    `step` is the one that changed last; `steps` are all of the version with this number. `expected_at_ms` is when the
    document will be concluded, by what its steps took of late with documents of its size; None once it is, and as long
    as a step that is to come was never seen.
    """

    document_id: str
    state: str
    step: str
    progress: int
    reason: str
    updated_at_ms: int
    version: int = 0
    size_bytes: int | None = None
    pages: int | None = None
    steps: dict[str, StepStatus] = msgspec.field(default_factory=dict)
    expected_at_ms: int | None = None


class DocumentStatuses:
    """Statuses on the state server."""

    def __init__(self, client: "Redis", *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._script: Any = client.register_script(_source())

    def publish(
        self, document_id: str, *, state: str, step: str, progress: int, reason: str = "", version: int | None = None
    ) -> DocumentStatus | None:
        """Say what became of the document, which stands until a newer version comes; 100 ends a step of this name.

        `version` is its number. None, and nothing is said, when a newer one has spoken; without it, whichever is there
        is meant.
        """
        word = {"state": state, "step": step, "progress": progress, "reason": reason}
        return self._say(document_id, word if version is None else {**word, "version": version})

    def advance(
        self,
        document_id: str,
        *,
        state: str,
        step: str,
        progress: int,
        version: int,
        plan: Plan,
        size_bytes: int,
        pages: int | None = None,
    ) -> DocumentStatus | None:
        """Say how far a step of the plan is, as a percentage of the step: 100 is done. Repeats change nothing.

        None, and nothing is said, when a newer version has spoken, or this one is concluded. `pages`, once known, make
        the estimate better.
        """
        word = {"state": state, "step": step, "progress": progress, "reason": "", "version": version, "plan": plan}
        known = {} if pages is None else {"pages": pages}
        return self._say(document_id, {**word, "size_bytes": size_bytes, **known})

    def find(self, document_id: str) -> DocumentStatus | None:
        """The last published status, or None."""
        answer: Any = self._client.get(DOCUMENT_STATUS_PREFIX + document_id)
        return None if answer is None else msgspec.json.decode(answer, type=DocumentStatus)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _say(self, document_id: str, word: dict[str, Any]) -> DocumentStatus | None:
        """Keep it and tell every watcher, in one step."""
        said = {"document_id": document_id, "at_ms": to_epoch_ms(self._clock()), **word}
        answer: bytes | None = self._script(
            keys=[DOCUMENT_STATUS_PREFIX + document_id, STEP_TIMES],
            args=[
                DOCUMENT_CHANNEL_PREFIX + document_id,
                int(STATUS_TTL.total_seconds()),
                int(STEP_TIMES_TTL.total_seconds()),
                msgspec.json.encode(said),
            ],
        )
        return None if answer is None else msgspec.json.decode(answer, type=DocumentStatus)


def _source() -> str:
    return resources.files(__package__).joinpath("lua", "say.lua").read_text(encoding="utf-8")
