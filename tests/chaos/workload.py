"""The jobs of the chaos run: short and long, failing, waiting, keyed, taken back, doomed, or asked for a result."""

import random
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from buffrsign.core.ids import new_ulid
from buffrsign.jobs import Job, Key, Queue
from buffrsign.jobs.priority import Priority

ATTEMPTS = 8
LONGEST_RUN_S = 8.0
"""Longer than the lease of a chaos run: only a heartbeat keeps such a job where it is."""


TENANTS = ("", "", "tenant-1", "tenant-1", "tenant-1", "tenant-2", "tenant-3")
"""Whom jobs are for: the first tenant has more than the others, and some are for nobody."""

PROVIDER = "provider:chaos"


class Shape(StrEnum):
    """What is special about a job."""

    QUICK = "quick"
    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"
    FAILING = "failing"
    EARLY = "early"
    DELAYED = "delayed"
    KEYED = "keyed"
    TAKEN_BACK = "taken_back"
    DOOMED = "doomed"
    ASKED = "asked"
    STOPPED = "stopped"
    FOREIGN = "foreign"
    LIGHT = "light"


class Effect(Job, kind="chaos.effect", queue=Queue.MAINTENANCE):
    """Run for a while; before that, fail as often as told. `subject` is what the effect is about.

    One that `reports` tells how far it is, and so can be stopped in any kind of worker.
    """

    subject: str
    run_ms: int
    failures: int = 0
    too_early: int = 0
    doomed: bool = False
    reports: bool = False


class LightEffect(Effect, kind="chaos.light_effect", queue=Queue.MAINTENANCE):
    """An effect whose task takes the light path."""


class KeyedEffect(Effect, kind="chaos.keyed_effect", queue=Queue.AUDIT):
    """An effect that is the same job for all who name the same subject."""

    @property
    def key(self) -> Key:
        """Its subject."""
        return Key(self.subject)


@dataclass(frozen=True)
class Order:
    """One job to enqueue, and how."""

    job: Effect
    shape: Shape
    delay: timedelta | None = None
    keep_result: bool = False
    cancel_after_s: float | None = None
    stops: bool = False
    foreign: bool = False
    tenant: str = ""
    priority: Priority = Priority.NORMAL
    limited_by: str = ""


MIXED = {
    Shape.QUICK: 500,
    Shape.SHORT: 120,
    Shape.MEDIUM: 25,
    Shape.LONG: 5,
    Shape.FAILING: 60,
    Shape.EARLY: 20,
    Shape.DELAYED: 80,
    Shape.KEYED: 120,
    Shape.TAKEN_BACK: 40,
    Shape.DOOMED: 5,
    Shape.ASKED: 40,
    Shape.STOPPED: 4,
    Shape.FOREIGN: 30,
    Shape.LIGHT: 300,
}
"""How often each shape is dealt, as weights, where time is short and faults are many."""

BULK = {**MIXED, Shape.QUICK: 30_000, Shape.DELAYED: 800, Shape.KEYED: 1_200}
"""The same shapes among mostly quick jobs, for runs of millions."""

_RUN_MS = {
    Shape.STOPPED: 3000,
    Shape.SHORT: 50,
    Shape.MEDIUM: 500,
    Shape.LONG: int(LONGEST_RUN_S * 1000),
    Shape.KEYED: 20,
}


def order(dice: random.Random, mix: dict[Shape, int]) -> Order:
    """The next order of a producer."""
    shape = dice.choices(list(mix), weights=list(mix.values()))[0]
    contract = {Shape.KEYED: KeyedEffect, Shape.LIGHT: LightEffect}.get(shape, Effect)
    job_id = new_ulid()
    job = contract(
        job_id=job_id,
        subject=f"subject-{job_id}" if shape is Shape.KEYED else job_id,
        run_ms=_RUN_MS.get(shape, 1),
        failures=dice.randint(1, 3) if shape is Shape.FAILING else int(shape is Shape.LIGHT and dice.random() < 0.05),
        too_early=1 if shape is Shape.EARLY else 0,
        doomed=shape is Shape.DOOMED,
        reports=shape is Shape.STOPPED and dice.random() < 0.7,
    )
    waits = shape in {Shape.DELAYED, Shape.TAKEN_BACK} or (shape is Shape.FOREIGN and dice.random() < 0.5)
    return Order(
        job,
        shape,
        delay=timedelta(milliseconds=dice.randint(50, 4000)) if waits else None,
        keep_result=shape is Shape.ASKED,
        cancel_after_s=dice.uniform(0, 4) if shape in {Shape.TAKEN_BACK, Shape.STOPPED} else None,
        stops=shape is Shape.STOPPED,
        foreign=shape is Shape.FOREIGN,
        tenant=dice.choice(TENANTS),
        priority=dice.choice(list(Priority)) if dice.random() < 0.2 else Priority.NORMAL,
        limited_by=PROVIDER if dice.random() < 0.1 else "",
    )


def the_same_again(job: KeyedEffect) -> KeyedEffect:
    """Another request for the same effect, as a second service would make it."""
    return KeyedEffect(subject=job.subject, run_ms=job.run_ms)
