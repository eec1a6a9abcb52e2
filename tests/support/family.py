"""Tasks without a worker: `task.run(job, services)`, on real services whose producer keeps what it is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from buffrsign.core.clock import Clock
from buffrsign.jobs.audit import RecordEvent
from buffrsign.storage import Version, take_in
from buffrsign.testing import RecordingProducer
from config.services import Services
from config.settings import load
from tests.support.broker import TestBroker

SIGNING_URL = "https://sign.example.com/now"


@contextmanager
def family_services(
    broker: TestBroker, folder: Path, *, producer: RecordingProducer, clock: Clock
) -> Iterator[Services]:
    """Services as a worker builds them, with this test's databases, folder and clock."""
    environment = {**broker.environment(folder), "BUFFRSIGN_SIGNING_URL": SIGNING_URL}
    settings = load({name: value for name, value in environment.items() if name.startswith("BUFFRSIGN_")})
    services = Services(settings, clock=clock)
    services.producer = producer  # type: ignore[assignment]  # it has the part that tasks use
    try:
        yield services
    finally:
        services.close()


def use_mail_server(services: Services, port: int) -> None:
    """Bring letters to the server on this port; before the first letter."""
    services.settings = msgspec.structs.replace(services.settings, smtp_port=port)


def upload(
    services: Services, data: bytes, *, document_id: str = "doc_7", retain_until: datetime | None = None
) -> Version:
    """Store a document, as whoever uploads it does."""
    return take_in(
        data,
        document_id=document_id,
        title="A file",
        retain_until=retain_until,
        catalog=services.catalog,
        blobs=services.blobs,
    )


def actions(producer: RecordingProducer) -> list[str]:
    """What the tasks ask the ledger to write down, in order."""
    return [entry.action for entry in producer.jobs(RecordEvent)]
