"""A broker that does not do what it was asked, in a sentence that says what to do."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from buffrsign.core.errors import Transient

T = TypeVar("T")


class BrokerUnavailable(Transient):
    """The broker did not answer, is full, or refuses the account. The same job may be enqueued again: it runs once."""


def ask(function: Callable[..., T], *args: object, **kwargs: object) -> T:
    """What the function answers, which uses the broker.

    Raises:
        BrokerUnavailable: redis-py says that the broker did not do it, or not that we know of.
    """
    try:
        return function(*args, **kwargs)
    except _redis_error() as error:
        raise unavailable(error) from error


async def ask_async(answer: Awaitable[T]) -> T:
    """As `ask`, of something that is awaited."""
    try:
        return await answer
    except _redis_error() as error:
        raise unavailable(error) from error


def _redis_error() -> type[Exception]:
    from redis.exceptions import RedisError  # noqa: PLC0415 - see `connection.py`

    return RedisError


def unavailable(error: Exception) -> BrokerUnavailable:
    """What an error of redis-py means for who enqueues."""
    from redis.exceptions import AuthenticationError, OutOfMemoryError, ReadOnlyError  # noqa: PLC0415 - see `connection.py`

    match error:
        case OutOfMemoryError():
            return BrokerUnavailable("the broker is full and accepts no jobs; try again when it has drained")
        case AuthenticationError():
            return BrokerUnavailable(
                "the broker does not let this account in (AuthenticationError); check the user name and the password "
                "in its URL"
            )
        case ReadOnlyError():
            return BrokerUnavailable(
                "the broker is a read-only replica; try again after the fail-over, and if that goes on, use the "
                "address of its primary, or a sentinel:// URL"
            )
    return BrokerUnavailable(
        f"the broker did not answer as it should ({type(error).__name__}); try again, and if that goes on, "
        "check its address and its log"
    )


_PASSING = ("READONLY", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "UNBLOCKED", "BUSY", "TRYAGAIN")


def will_pass(error: Exception) -> bool:
    """Whether asking again may help: the broker is away, or refuses everybody for now. A wrong question stays wrong."""
    from redis.exceptions import (  # noqa: PLC0415 - see `connection.py`
        DataError,
        OutOfMemoryError,
        ReadOnlyError,
        ResponseError,
    )

    if isinstance(error, DataError):
        return False
    if isinstance(error, ResponseError) and not isinstance(error, (OutOfMemoryError, ReadOnlyError)):
        return str(error).startswith(_PASSING)
    return True
