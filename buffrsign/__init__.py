"""BuffrSign's background system, as other services import it: contracts in `buffrsign.jobs`, and the producer."""

from buffrsign.async_producer import AsyncHandle, AsyncProducer
from buffrsign.broker.records import JobStatus, State
from buffrsign.broker.results import JobFailed, ResultNotKept
from buffrsign.jobs.job import KindUnknown, PayloadRefused
from buffrsign.jobs.loose import LooseJobRefused
from buffrsign.jobs.priority import Priority
from buffrsign.producer import (
    BrokerUnavailable,
    BulkInterrupted,
    BulkRefused,
    Enqueued,
    EnqueueRefused,
    Handle,
    Producer,
)

__all__ = [
    "AsyncHandle",
    "AsyncProducer",
    "BrokerUnavailable",
    "BulkInterrupted",
    "BulkRefused",
    "EnqueueRefused",
    "Enqueued",
    "Handle",
    "JobFailed",
    "JobStatus",
    "KindUnknown",
    "LooseJobRefused",
    "PayloadRefused",
    "Priority",
    "Producer",
    "ResultNotKept",
    "State",
]
