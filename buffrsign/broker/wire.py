"""Calling scripts on redis-py's own connections, without what its clients do around a command, which takes longer.

What is kept: the pool, its check of a connection that was idle, bounded waits, and no command is repeated by itself.
A script that the server does not know is sent whole, once: that answer says that nothing was done.
"""

import os
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from buffrsign.broker.scripts import digest, source

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis

IN_FLIGHT = 4
"""Calls of a stream that wait for their answers at the same time."""

CONNECTIONS = 32
"""How many calls one asyncio client has under way; further ones wait for a connection."""

Argument = str | bytes | int

_COMMON = 4096
_LENGTHS = [b"\r\n$%d\r\n" % size for size in range(_COMMON)]
"""Written once: a bulk has four for each job."""


def pack(*parts: Argument) -> bytes:
    """One command, as it travels."""
    packed = [b"*%d" % len(parts)]
    for part in parts:
        data = part if type(part) is bytes else str(part).encode()
        size = len(data)
        packed += (_LENGTHS[size] if size < _COMMON else b"\r\n$%d\r\n" % size, data)
    packed.append(b"\r\n")
    return b"".join(packed)


def by_digest(name: str, arguments: Sequence[Argument]) -> bytes:
    """The call of a script that the server knows."""
    return pack("EVALSHA", digest(name), "0", *arguments)


def in_full(name: str, arguments: Sequence[Argument]) -> bytes:
    """The call of a script with its text, which the server remembers."""
    return pack("EVAL", source(name), "0", *arguments)


class Wire:
    """Calls scripts on one client's connections. Safe to share between threads."""

    def __init__(self, client: "Redis") -> None:
        from redis.exceptions import NoScriptError, RedisError, ResponseError  # noqa: PLC0415 - see `connection.py`

        self._pool: Any = client.connection_pool
        self._broken: type[Exception] = RedisError
        self._unknown: type[Exception] = NoScriptError
        self._refusal: type[Exception] = ResponseError
        self._idle: deque[Any] = deque()
        self._process = os.getpid()

    def call(self, name: str, arguments: Sequence[Argument]) -> Any:
        """What the script answers. Raises RedisError."""
        connection = self._connection()
        try:
            reply = self._exchange(connection, name, arguments)
        except BaseException:
            self._pool.release(connection)
            raise
        self._idle.append(connection)
        return reply

    def _connection(self) -> Any:
        """One that was used before, if it is as it should be: taking it through the pool each time costs 10 µs."""
        if self._process != os.getpid():
            self._idle, self._process = deque(), os.getpid()
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._pool.get_connection()
        try:
            if not connection.can_read():  # nothing came, not even the server's good-bye
                return connection
        except (self._broken, OSError):
            pass
        connection.disconnect()
        self._pool.release(connection)
        return self._pool.get_connection()

    def stream(self, name: str, calls: Iterable[Sequence[Argument]]) -> Iterator[Any]:
        """The answers to many calls of a script, in their order, each as soon as it is there; a refusal is one, too.

        The first is answered before the second is sent: then the server knows the script. Raises RedisError when the
        connection breaks; what is unanswered then may have happened or not.
        """
        following = iter(calls)
        first = next(following, None)
        if first is None:
            return
        connection = self._pool.get_connection()
        waiting = 0
        try:
            yield self._exchange_or_refusal(connection, name, first)
            for arguments in following:
                if waiting == IN_FLIGHT:
                    waiting -= 1
                    yield self._read(connection)
                connection.send_packed_command([by_digest(name, arguments)])
                waiting += 1
            while waiting:
                waiting -= 1
                yield self._read(connection)
        finally:
            if waiting:
                connection.disconnect()  # or the next who uses it would read our answers
            self._pool.release(connection)

    def _exchange(self, connection: Any, name: str, arguments: Sequence[Argument]) -> Any:
        try:
            connection.send_packed_command([by_digest(name, arguments)])
            return connection.read_response()
        except self._unknown:
            connection.send_packed_command([in_full(name, arguments)])
            return connection.read_response()

    def _exchange_or_refusal(self, connection: Any, name: str, arguments: Sequence[Argument]) -> Any:
        try:
            return self._exchange(connection, name, arguments)
        except self._refusal as refusal:
            return refusal

    def _read(self, connection: Any) -> Any:
        try:
            return connection.read_response()
        except self._refusal as refusal:
            return refusal


class AsyncWire:
    """The same for asyncio, in one event loop."""

    def __init__(self, client: "AsyncRedis") -> None:
        from asyncio import Semaphore, get_running_loop  # noqa: PLC0415 - slow to import, and only this needs it

        from redis.exceptions import NoScriptError, ResponseError  # noqa: PLC0415 - see `connection.py`

        self._pool: Any = client.connection_pool
        self._unknown: type[Exception] = NoScriptError
        self._refusal: type[Exception] = ResponseError
        self._free = Semaphore(CONNECTIONS)
        self._running_loop = get_running_loop
        self._loop: AbstractEventLoop | None = None

    def require_loop(self) -> None:
        """Raises RuntimeError in another event loop than the first: connections live and die with theirs."""
        loop = self._running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("an AsyncProducer serves one event loop, and this is another; make one in each")

    async def call(self, name: str, arguments: Sequence[Argument]) -> Any:
        """As `Wire.call`. A call that is cancelled may have happened or not; its connection is not used again."""
        self.require_loop()
        async with self._free:
            connection = await self._pool.get_connection()
            try:
                return await self._exchange(connection, name, arguments)
            finally:
                await self._pool.release(connection)

    async def stream(self, name: str, calls: Iterable[Sequence[Argument]]) -> AsyncGenerator[Any]:
        """As `Wire.stream`."""
        self.require_loop()
        following = iter(calls)
        first = next(following, None)
        if first is None:
            return
        async with self._free:
            connection = await self._pool.get_connection()
            waiting = 0
            try:
                yield await self._exchange_or_refusal(connection, name, first)
                for arguments in following:
                    if waiting == IN_FLIGHT:
                        waiting -= 1
                        yield await self._read(connection)
                    await connection.send_packed_command([by_digest(name, arguments)])
                    waiting += 1
                while waiting:
                    waiting -= 1
                    yield await self._read(connection)
            finally:
                if waiting:
                    await connection.disconnect(nowait=True)
                await self._pool.release(connection)

    async def _exchange(self, connection: Any, name: str, arguments: Sequence[Argument]) -> Any:
        try:
            await connection.send_packed_command([by_digest(name, arguments)])
            return await connection.read_response()
        except self._unknown:
            await connection.send_packed_command([in_full(name, arguments)])
            return await connection.read_response()

    async def _exchange_or_refusal(self, connection: Any, name: str, arguments: Sequence[Argument]) -> Any:
        try:
            return await self._exchange(connection, name, arguments)
        except self._refusal as refusal:
            return refusal

    async def _read(self, connection: Any) -> Any:
        try:
            return await connection.read_response()
        except self._refusal as refusal:
            return refusal
