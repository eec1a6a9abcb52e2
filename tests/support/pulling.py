"""What tests of pulling share: one queue, messages as another producer writes them, and leases that run out."""

import base64
import json
from datetime import timedelta
from typing import Any

from redis import Redis

from buffrsign.broker import keys
from buffrsign.jobs import Queue

NOW = timedelta(0)
MINUTE = timedelta(minutes=1)
HERE = Queue.MAINTENANCE
STOCK_ID = "4f8c4a3e-30f1-4c2e-9d2b-6f6a4a1f7f10"


def put(client: "Redis", *, payload: object, kind: str = "maintenance.canary", **headers: object) -> None:
    """A message as another producer may write it."""
    envelope = {
        "body": base64.b64encode(json.dumps([[payload], {}, headers.pop("follows", {})]).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": kind, "id": STOCK_ID, **headers},
        "properties": {"body_encoding": "base64", "delivery_info": {"exchange": "", "routing_key": "maintenance"}},
    }
    client.lpush("maintenance", json.dumps(envelope))


def let_leases_run_out(client: "Redis") -> None:
    """The holders fall silent for longer than their leases, while somebody looks for such."""
    clock: Any = client.time()
    now_ms = clock[0] * 1000
    client.set(keys.WATCH, now_ms)
    silent: Any = client.zrange(keys.HOLDERS, 0, -1)
    for holder in silent:
        client.zadd(keys.HOLDERS, {holder: now_ms - 1})


def leased(client: "Redis") -> int:
    """How much there is in the broker of claims that are not settled."""
    holders: Any = client.zcard(keys.HOLDERS)
    held: Any = client.keys(keys.HOLDER_PREFIX + "*")
    return int(holders) + len(held)
