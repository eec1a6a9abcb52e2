"""The real scripts on a clock that the test moves, as they are or with one mistake put in.

Production pays nothing for this: the clock is exchanged in the text of the scripts, before the server gets it.
"""

from dataclasses import dataclass
from typing import Any

from redis import Redis

from buffrsign.broker.limits import WINDOW
from buffrsign.broker.scripts import source

CLOCK = "test:clock"
"""String: the time in ms, where the scripts of an `Engine` read it."""

_REAL_CLOCK = """\
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
"""
_WINDOW = f"L.window = {WINDOW}\n"  # few jobs live at a time, and some MUST wait for their turn
_OUR_CLOCK = f"  return tonumber(redis.call('GET', '{CLOCK}'))\n"


@dataclass(frozen=True)
class Mutant:
    """One mistake: `old` stands exactly once in the script (or in what scripts share)."""

    name: str
    script: str
    old: str
    new: str


class Engine:
    """Calls scripts by their name."""

    def __init__(self, client: Redis, mutant: Mutant | None = None) -> None:
        self.client = client
        self.mutant = mutant
        self._scripts: dict[str, Any] = {}

    def __call__(self, name: str, *arguments: Any) -> Any:
        """What this script answers."""
        if name not in self._scripts:
            self._scripts[name] = self.client.register_script(self.text(name))
        return self._scripts[name](args=arguments)

    def text(self, name: str) -> str:
        """The script as it is called here."""
        text = _exchange(source(name), _REAL_CLOCK, _OUR_CLOCK).replace(_WINDOW, "L.window = 2\n")
        mutant = self.mutant
        if mutant and (mutant.script == name or (mutant.script == "shared" and mutant.old in text)):
            return mutate(text, mutant)
        return text


def mutate(text: str, mutant: Mutant) -> str:
    """The script with this mistake."""
    return _exchange(text, mutant.old, mutant.new)


def _exchange(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"stands {text.count(old)} times in the script, and not once: {old!r}"
    return text.replace(old, new)
