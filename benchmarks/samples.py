"""The jobs that are measured: a letter and a canary, as in `tests/golden`, each with a key and without."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from buffrsign.core.ids import new_ulid
from buffrsign.jobs import Job, Key, Queue, decode
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.maintenance import Canary
from workers.processes import ROOT

GOLDEN = ROOT / "tests" / "golden"


class KeyedCanary(Canary, kind="measurement.canary", queue=Queue.MAINTENANCE):
    """A canary with a key, which the real one has none of; its kind is as long as the real one's."""

    @property
    def key(self) -> Key:
        """Each one is its own."""
        return Key(self.job_id)


@dataclass(frozen=True)
class Sample:
    """Jobs of one form. `job` makes one more; no two have one id or one key, and all are of one size."""

    name: str
    keyed: bool
    job: Callable[[], Job]


def samples() -> list[Sample]:
    """A letter without a document has no key, and is shorter by that document's id."""
    letter = _golden(SignatureRequestEmail)
    canary = _golden(Canary)
    without_document = {name: value for name, value in letter.items() if name != "document_id"}
    return [
        Sample(SignatureRequestEmail.kind, keyed=False, job=_maker(SignatureRequestEmail, without_document)),
        Sample(SignatureRequestEmail.kind, keyed=True, job=_maker(SignatureRequestEmail, letter)),
        Sample(Canary.kind, keyed=False, job=_maker(Canary, canary)),
        Sample(Canary.kind, keyed=True, job=_maker(KeyedCanary, canary)),
    ]


def _maker(contract: type[Job], payload: dict[str, Any]) -> Callable[[], Job]:
    def make() -> Job:
        job_id = new_ulid()
        own = {"document_id": f"doc_{job_id}"} if "document_id" in payload else {}
        return decode(contract.kind, {**payload, **own}, job_id=job_id)

    return make


def _golden(contract: type[Job]) -> dict[str, Any]:
    path = GOLDEN / f"{contract.kind}.v{contract.version}.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
