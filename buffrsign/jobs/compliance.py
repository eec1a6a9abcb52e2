"""Jobs that check a document against the law."""

from enum import StrEnum

from buffrsign.jobs.fields import DocumentId, PersonId, Sha256
from buffrsign.jobs.job import Job, Key
from buffrsign.jobs.queues import Queue


class Stage(StrEnum):
    """When in its life a document is checked."""

    RECEIVED = "received"
    ON_DEMAND = "on_demand"


class Eta2019Check(Job, kind="compliance.eta_2019_check", queue=Queue.COMPLIANCE):
    """Check the evidence collected so far against the Electronic Transactions Act 4 of 2019."""

    document_id: DocumentId
    stage: Stage = Stage.ON_DEMAND
    sha256: Sha256 | None = None
    requested_by: PersonId | None = None

    @property
    def key(self) -> Key | None:
        """A version is checked once per stage of its life; whoever asks on demand gets a new check."""
        if self.stage is Stage.ON_DEMAND or self.sha256 is None:
            return None
        return Key(self.document_id, self.sha256, self.stage)
