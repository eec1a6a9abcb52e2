"""Publishing to whoever listens, without waiting: the answer to one message is read before the next is sent.

A server that is busy with other workers' scripts would be waited for otherwise, after each batch of jobs. What has no
answer is sent again, and may be heard twice. What the server refuses, or cannot hear at the end, is lost, and logged.
"""

from typing import Any

import msgspec
from redis.exceptions import RedisError, ResponseError

from buffrsign.broker.wire import pack
from buffrsign.core.ids import new_ulid
from buffrsign.core.logs import get_logger

log = get_logger(__name__)


class Announcer:
    """Publishes on a connection of its own, one thread at a time. `pool` is redis-py's."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._connection: Any = None
        self._unanswered = b""

    def publish(self, channel: str, message: bytes) -> None:
        """Send this message, once it is sure that the one before was heard.

        Raises:
            RedisError, OSError: it was not sent.
        """
        self._make_sure()
        if self._connection is not None and self._is_over():
            self._hang_up()
        self._send(pack("PUBLISH", channel, message))

    def close(self) -> None:
        """Make sure of the last message, and end the connection."""
        try:
            self._make_sure()
        except (RedisError, OSError) as error:
            log.warning("broker did not answer, events may be lost", error_type=type(error).__name__)
        self._hang_up()

    def _make_sure(self) -> None:
        if not self._unanswered:
            return
        try:
            self._read_answer()
        except (RedisError, OSError):
            self._send(self._unanswered)
            self._read_answer()

    def _send(self, command: bytes) -> None:
        try:
            if self._connection is None:
                self._connection = self._pool.get_connection()
            self._connection.send_packed_command([command])
        except (RedisError, OSError):
            self._hang_up()
            raise
        self._unanswered = command

    def _read_answer(self) -> None:
        if self._connection is None:
            raise ConnectionError("there is no connection to the broker")
        try:
            self._connection.read_response()
        except ResponseError as refusal:  # the next one may fare better
            log.warning("broker refuses events", error=str(refusal)[:200])
        except (RedisError, OSError):
            self._hang_up()
            raise
        self._unanswered = b""

    def _is_over(self) -> bool:
        """Whether the server has hung up: nothing is awaited, so that is all that can be read."""
        try:
            return bool(self._connection.can_read())
        except (RedisError, OSError):
            return True

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
            self._pool.release(connection)


def fanout_message(exchange: str, routing_key: str, body: str, headers: dict[str, Any]) -> bytes:
    """A message of JSON, as kombu writes one to a fanout exchange; but its body stands in it as text."""
    properties = {
        "delivery_mode": 1,
        "delivery_info": {"exchange": exchange, "routing_key": routing_key},
        "priority": 0,
        "delivery_tag": new_ulid(),
    }
    message = {
        "body": body,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }
    return msgspec.json.encode(message)
