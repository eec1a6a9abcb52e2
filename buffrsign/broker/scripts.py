"""The Lua scripts beside this file, loaded once; each opens with the catalogue of its KEYS, ARGV and reply."""

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script


@cache
def _source(name: str) -> str:
    return resources.files(__package__).joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")


def script(client: "Redis", name: str) -> "Script":
    """The script of this name, bound to a client; loaded into the server again whenever it has forgotten it."""
    bound: Any = client.register_script(_source(name))
    return bound  # type: ignore[no-any-return]
