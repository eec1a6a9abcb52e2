"""What can be asked: one frozen contract per kind of job, one module per family."""

from buffrsign.jobs import audit, compliance, documents, email, maintenance, requests
from buffrsign.jobs.job import CONTRACTS, Job, Key, KindUnknown, NewerVersion, PayloadRefused, decode, encode, write
from buffrsign.jobs.queues import Queue

__all__ = [
    "CONTRACTS",
    "Job",
    "Key",
    "KindUnknown",
    "NewerVersion",
    "PayloadRefused",
    "Queue",
    "audit",
    "compliance",
    "decode",
    "documents",
    "email",
    "encode",
    "maintenance",
    "requests",
    "write",
]
