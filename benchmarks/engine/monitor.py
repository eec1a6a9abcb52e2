"""Counts the commands that clients send, by MONITOR: it marks those that scripts call as `lua`, and they are left out.

It slows the server, so nothing is timed meanwhile.
"""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.engine.server import Server

_LINE = re.compile(rb'^\+[\d.]+ \[\d+ (\S+)\] "([^"]*)"')
_READ_BYTES = 1 << 20


@dataclass
class Seen:
    """What was seen until now, but for what the listed clients sent."""

    ignored: set[bytes] = field(default_factory=set)
    counts: dict[bytes, int] = field(default_factory=dict)

    def commands(self) -> int:
        """How many commands clients sent."""
        return sum(self.counts.values())

    def add(self, line: bytes) -> None:
        """One line of MONITOR's."""
        found = _LINE.match(line)
        if found and found[1] != b"lua" and found[1] not in self.ignored:
            self.counts[found[2].upper()] = self.counts.get(found[2].upper(), 0) + 1


@contextmanager
def watching(server: Server) -> Iterator[Seen]:
    """Count as long as this lasts; the benchmark's own questions are left out."""
    own: Any = server.client.client_info()
    seen = Seen({own["addr"].encode()})
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"MONITOR\r\n")
        connection.recv(len(b"+OK\r\n"))
        reader = threading.Thread(target=_read, args=(connection, seen), daemon=True)
        reader.start()
        try:
            yield seen
        finally:
            connection.shutdown(socket.SHUT_RD)
            reader.join()


def _read(connection: socket.socket, seen: Seen) -> None:
    rest = b""
    while chunk := connection.recv(_READ_BYTES):
        *lines, rest = (rest + chunk).split(b"\r\n")
        for line in lines:
            seen.add(line)
