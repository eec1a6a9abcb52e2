"""A live consumer of Celery's events: `python -m benchmarks.engine.events URL FILE` keeps every message as it came.

It decodes nothing while jobs run, so that it takes as little as it can from the cores that are measured.
"""

import base64
import json
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from redis import Redis

PATTERN = "/0.celeryev/*"
_LENGTH = struct.Struct("<I")


def main() -> None:
    """Subscribe, and write until told to stop."""
    url, path = sys.argv[1:]
    file = os.open(f"{path}.opening", os.O_WRONLY | os.O_CREAT)
    with Redis.from_url(url) as client, client.pubsub() as channel:
        channel.psubscribe(PATTERN)
        for message in channel.listen():
            if message["type"] == "psubscribe":
                Path(f"{path}.opening").rename(path)
            elif message["type"] == "pmessage":
                os.write(file, _LENGTH.pack(len(message["data"])) + message["data"])


def succeeded(path: Path) -> set[str]:
    """The ids of the jobs whose success was told."""
    return {event["uuid"] for event in _read(path) if event["type"] == "task-succeeded"}


def _read(path: Path) -> Iterator[dict[str, Any]]:
    data = memoryview(path.read_bytes())
    while len(data) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(data)
        message = json.loads(bytes(data[_LENGTH.size : _LENGTH.size + length]))
        data = data[_LENGTH.size + length :]
        text = message["body"]
        body = json.loads(base64.b64decode(text) if message["properties"].get("body_encoding") else text)
        yield from body if isinstance(body, list) else [body]


if __name__ == "__main__":
    main()
