"""The six queues: where a job waits for its task. One word per family, everywhere."""

from enum import StrEnum


class Queue(StrEnum):
    """A queue's name is the name of its Redis list, its Procfile process and its task module."""

    EMAIL = "email"
    REQUESTS = "requests"
    DOCUMENTS = "documents"
    COMPLIANCE = "compliance"
    AUDIT = "audit"
    MAINTENANCE = "maintenance"
