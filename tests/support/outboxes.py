"""What tests do to an outbox."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, select, update

from buffrsign import Producer
from buffrsign.jobs import Job
from buffrsign.outbox import Outbox, rows
from buffrsign.outbox_relay import Relay
from tests.support.wait import wait_until


def write(engine: Engine, *jobs: Job, **terms: Any) -> list[str]:
    """Enqueue these jobs in a transaction of their own."""
    with engine.begin() as connection:
        return Outbox(connection).enqueue_many(jobs, **terms)


def all_rows(engine: Engine) -> Sequence[Any]:
    """The rows as they are, in their order."""
    with engine.connect() as connection:
        return connection.execute(select(rows).order_by(rows.c.number)).all()


def relay_to_the_end(engine: Engine, producer: Producer) -> None:
    """Relay until nothing is left to be sent."""
    relay = Relay(engine, producer, claim=timedelta(0))
    wait_until(lambda: not relay.relay() and all(row.sent_at for row in all_rows(engine)), "all rows to be sent")


def change(engine: Engine, job_id: str, **values: Any) -> None:
    """Damage, or age, the row of a job."""
    with engine.begin() as connection:
        connection.execute(update(rows).where(rows.c.job_id == job_id).values(**values))
