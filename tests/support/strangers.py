"""Applications of somebody else's in the tests' own process: they know Celery, and nothing of this project."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery

from buffrsign.core.ids import new_ulid


@contextmanager
def stranger(broker_url: str, *, backend: str | None = None) -> Iterator[Celery]:
    """A Celery application that leaves no connection behind, and meets none.

    kombu pools connections for the whole process, by address and options; what one test leaves, broken, another gets.
    """
    with Celery("stock", broker=broker_url, backend=backend, set_as_current=False) as app:
        app.conf.broker_transport_options = {"client_name": f"stranger-{new_ulid()}"}
        yield app
        pool: Any = app.pool
        pool.force_close_all()
