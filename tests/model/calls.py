"""Calls scripts, and checks every law after each call."""

from typing import Any

from tests.model.changes import CHANGES, forgotten
from tests.model.engine import CLOCK, Engine
from tests.model.laws import MOMENT, Believed, Step
from tests.model.world import Reader, World
from tests.support.broker import delete_everything

EPOCH_MS = 2_000_000_000_000


class Scripts:
    """Calls scripts, and checks every law after each call."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.client = engine, engine.client
        self._read = Reader(engine.client)
        self.believed = Believed()
        self.steps = 0
        self.first_violation = 0
        self.world = World()

    def begin_anew(self) -> None:
        """An empty broker."""
        delete_everything(self.client)
        self.client.set(CLOCK, EPOCH_MS)
        self.believed = Believed()
        self.world = self._read()

    def __call__(self, name: str, *arguments: Any, step: Step | None = None) -> Any:
        """What the script answers."""
        self.steps += 1
        reply = self.engine(name, *arguments)
        self.look(step or Step(name))
        return reply

    def look(self, step: Step) -> None:
        """Check every law."""
        before, after = self.world, self._read()
        self.world = after
        self.believed.forgotten += forgotten(before, after)
        for law in MOMENT:
            law(after, self.believed)
        for change in CHANGES:
            change(before, after, step)

    def pass_time(self, ms: int) -> None:
        """Move the clock."""
        self.client.set(CLOCK, self.world.now + ms)
        self.world.now += ms
