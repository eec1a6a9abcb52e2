"""A proxy that makes a server far away: `python -m benchmarks.engine.delay LISTEN TARGET ONE_WAY_MS`.

Each chunk arrives so much later, in each direction, as it would over a longer wire; late ones do not add up. asyncio on
epoll rounds waits up to whole ms, so this one waits with select.
"""

import asyncio
import selectors
import sys
from typing import cast


class Way(asyncio.Protocol):
    """One direction of one connection."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.other: Way | None = None
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Let it arrive later."""
        loop = asyncio.get_running_loop()
        loop.call_at(loop.time() + self.delay_s, self._deliver, data)

    def connection_lost(self, _error: Exception | None) -> None:
        """The other side ends too."""
        if self.other and self.other.transport:
            self.other.transport.close()

    def join(self, other: "Way") -> None:
        """From now on, what comes here goes there."""
        self.other = other
        for data in self._early:
            self._deliver(data)
        self._early.clear()

    def _deliver(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        elif self.other.transport and not self.other.transport.is_closing():
            self.other.transport.write(data)


class FromClient(Way):
    """A client's connection, which opens one to the server."""

    def __init__(self, target_port: int, delay_s: float) -> None:
        super().__init__(delay_s)
        self._target_port = target_port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the other half."""
        super().connection_made(transport)
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        _, server = await loop.create_connection(lambda: Way(self.delay_s), "127.0.0.1", self._target_port)
        server.join(self)
        self.join(server)


async def serve(port: int, target_port: int, delay_s: float) -> None:
    """Until the process is told to stop."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: FromClient(target_port, delay_s), "127.0.0.1", port, backlog=200)
    await server.serve_forever()


def main() -> None:
    """Read the command line, and serve."""
    port, target_port, one_way_ms = sys.argv[1:]
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(serve(int(port), int(target_port), float(one_way_ms) / 1000))


if __name__ == "__main__":
    main()
