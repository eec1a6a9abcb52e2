"""A broker that does not do what it was asked, in a sentence that says what to do."""

from collections.abc import Callable
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
    from redis.exceptions import (  # noqa: PLC0415 - see `connection.py`
        AuthenticationError,
        OutOfMemoryError,
        ReadOnlyError,
        RedisError,
    )

    try:
        return function(*args, **kwargs)
    except OutOfMemoryError as error:
        raise BrokerUnavailable("the broker is full and accepts no jobs; try again when it has drained") from error
    except AuthenticationError as error:
        raise BrokerUnavailable(
            "the broker does not let this account in (AuthenticationError); check the user name and the password "
            "in its URL"
        ) from error
    except ReadOnlyError as error:
        raise BrokerUnavailable(
            "the broker is a read-only replica; try again after the fail-over, and if that goes on, use the "
            "address of its primary, or a sentinel:// URL"
        ) from error
    except RedisError as error:
        raise BrokerUnavailable(
            f"the broker did not answer as it should ({type(error).__name__}); try again, and if that goes on, "
            "check its address and its log"
        ) from error


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
