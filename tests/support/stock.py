"""A plain Celery application that shares a queue with our workers: `celery -A tests.support.stock worker -Q …`.

It knows Celery, kombu's own transport, and one task by the name that ours has too; its runs are marked in the journal.
Where it is given payload keys, it takes them as `docs/private-payloads.md` says.
"""

import os
from pathlib import Path
from typing import Any

from celery import Celery, Task

from buffrsign.crypto import CONTENT_TYPE, SERIALIZER, Cipher, register
from tests.support.wait import wait_until

MARK = "stock"

app = Celery("stock", broker=os.environ.get("BUFFRSIGN_BROKER_URL"), set_as_current=False)
app.conf.update(
    task_acks_late=True,
    task_default_queue="maintenance",
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)
if keys := os.environ.get("BUFFRSIGN_PAYLOAD_KEYS"):
    register(Cipher.read(keys))
    app.conf.update(task_serializer=SERIALIZER, accept_content=["json", CONTENT_TYPE])
if "TESTS_KEEPS" in os.environ:
    app.conf.worker_consumer = "buffrsign.broker.keeping:Consumer"


@app.task(name="test.scripted", bind=True, max_retries=3)
def play(self: "Task[Any, Any]", payload: dict[str, Any]) -> None:
    """Write down this run; where the script says so, try again by stock means."""
    journal = Path(payload["journal"])
    with journal.open("a") as file:
        file.write(f"{MARK} {os.getpid()}\n")
    runs = len(journal.read_text().splitlines())
    match payload["ends"][min(runs, len(payload["ends"])) - 1]:
        case "transient":
            raise self.retry(countdown=0.2)
        case "waits":
            wait_until(journal.with_suffix(".go").exists, "the test to let this run go", timeout_s=30)
