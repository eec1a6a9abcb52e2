"""A TCP proxy between everybody and the broker, which can be slow, cut all connections, or let them go deaf.

It runs in a thread of its own, on loopback. Deaf connections are half-open ones: nothing that is sent arrives, and
neither side is told.
"""

import asyncio
import random
import socket
import threading
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
_CHUNK_BYTES = 65536


class Proxy:
    """A proxy to a port of loopback, which may be changed while it runs. Use as a context manager."""

    def __init__(self, target_port: int, *, seed: int = 0) -> None:
        self.target_port = target_port
        self.port = 0
        self.latency_s = (0.0, 0.0)
        self._dice = random.Random(seed)  # noqa: S311 - a repeatable run
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._thread.start()
        self._listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._listening.cancel()
        self._listener.close()
        self._ask(self._end_links())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> int:
        """Close all connections, deaf ones too; how many there were."""

        async def close_all() -> int:
            links = list(self._links)
            await asyncio.gather(*(link.close() for link in links))
            return len(links)

        return self._ask(close_all())

    def deafen(self, share: float) -> int:
        """Let this share of the present connections carry nothing any more, for as long as they stay open."""

        async def deafen_some() -> int:
            chosen = [link for link in self._links if self._dice.random() < share]
            for link in chosen:
                link.is_deaf = True
            return len(chosen)

        return self._ask(deafen_some())

    @property
    def deaf(self) -> int:
        """How many deaf connections their clients have not given up yet."""
        return sum(link.is_deaf for link in tuple(self._links))

    def delay_s(self) -> float:
        """How late the next chunk arrives."""
        return self._dice.uniform(*self.latency_s) if self.latency_s[1] else 0.0

    async def _listen(self) -> None:
        while True:
            accepted, _ = await self._loop.sock_accept(self._listener)
            task = self._loop.create_task(self._serve(accepted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, accepted: socket.socket) -> None:
        client = await asyncio.open_connection(sock=accepted)
        try:
            target = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            client[1].transport.abort()
            return
        link = _Link(self, client, target)
        self._links.add(link)
        try:
            await link.carry()
        finally:
            self._links.discard(link)

    async def _end_links(self) -> None:
        for link in tuple(self._links):
            await link.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result(timeout=10)


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One client's connection and ours to the server."""

    def __init__(self, proxy: Proxy, client: Stream, server: Stream) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self.is_deaf = False

    async def carry(self) -> None:
        """Carry until either side ends; the server's end is kept from the client of a deaf connection."""
        there = asyncio.create_task(self._pump(self._client[0], self._server[1]))
        back = asyncio.create_task(self._pump(self._server[0], self._client[1]))
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        if self.is_deaf:
            await asyncio.wait({there})
        for task in (there, back):
            task.cancel()
        await self.close()

    async def close(self) -> None:
        """Close both sides at once, whatever is still on its way."""
        for _, writer in (self._client, self._server):
            if not writer.transport.is_closing():
                writer.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Chunks keep their order, and each arrives as late as the proxy says: late ones do not add up."""
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        writing = asyncio.create_task(self._write(due, sink))
        try:
            while chunk := await source.read(_CHUNK_BYTES):
                if not self.is_deaf:
                    due.put_nowait((time.monotonic() + self._proxy.delay_s(), chunk))
            due.put_nowait((0.0, b""))
            await writing
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writing.cancel()

    async def _write(self, due: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        while True:
            moment, chunk = await due.get()
            if not chunk:
                return
            if (wait := moment - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if not self.is_deaf:
                sink.write(chunk)
                await sink.drain()
