"""What happens when a worker starts: it checks its servers, and imports the families it serves, and no other."""

import gc
import importlib
import sys
from collections.abc import Iterable
from typing import Any

from celery.signals import celeryd_init, setup_logging, worker_process_shutdown, worker_shutdown

from buffrsign.core.logs import get_logger
from buffrsign.jobs import Queue
from config.services import services
from workers.health import stop_if_unfit

STOCK = "BUFFRSIGN_BROKER_TRANSPORT=stock"

NEW_OBJECTS_BEFORE_A_LOOK = 10_000
"""How many more objects there are before the garbage collector looks. At Python's 700 an e-mail worker spent a sixth
of its time on that, and hardly anything of ours is in cycles."""

log = get_logger(__name__)


def install() -> None:
    """Connect to Celery's signals. Called once, by `workers.app`, which has set up the logs."""
    celeryd_init.connect(_prepare, weak=False)
    setup_logging.connect(_keep_our_logs, weak=False)
    for shutdown in (worker_process_shutdown, worker_shutdown):  # a child of the pool; the worker itself
        shutdown.connect(_leave, weak=False)


def import_families(queues: Iterable[str]) -> None:
    """Import the task modules of these queues, and the canary.

    Raises:
        ValueError: there is no such queue.
    """
    for queue in queues:
        importlib.import_module(f"tasks.{Queue(queue)}")
    importlib.import_module("tasks.canary")


def _prepare(options: dict[str, Any], **_signal: object) -> None:
    """Celery logs what a signal's receiver raises and goes on; a worker without its tasks MUST NOT go on."""
    try:
        import_families(options.get("queues") or [queue.value for queue in Queue])
    except ValueError as error:
        sys.exit(f"{error}; known queues are: {', '.join(Queue)}")
    except ImportError as error:
        sys.exit(f"the worker's tasks cannot be imported: {error}")
    settings = services().settings
    stop_if_unfit(settings)
    if settings.broker_transport == "stock":
        log.warning("kombu's own transport, by setting: a worker that is killed may lose a job", setting=STOCK)
    _spare_what_stays()


def _spare_what_stays() -> None:
    """What is loaded by now stays until the end: the collector need not look through it, here and in children."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_BEFORE_A_LOOK)


def _leave(**_signal: object) -> None:
    services().leave()


def _keep_our_logs(**_signal: object) -> None:
    """With a receiver here, Celery leaves levels and formats alone."""
