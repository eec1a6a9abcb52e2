"""How much is measured: the full plan in at most 30 minutes, the quick one in at most 5.

Every measure is made once before any is made again, so that the runs of all engines are interleaved, and a machine
that is too slow for the whole plan has one figure of each kind rather than three of some.
"""

from dataclasses import dataclass

from benchmarks.engine.engine import Broker, Engine, Measure

FULLEST_INDEX = 62_500
"""The servers' hash tables double: jobs of all engines are weighed with tables as full as at a million, 95 %."""


@dataclass(frozen=True)
class Plan:
    """What a plan consists of. No step begins after `budget_s`.

    `slow_s`: slow engines get as many jobs as they do in this time, fast ones get `fast_jobs`. `left_out`: what is not
    measured although its engine could.
    """

    budget_s: float
    runs: int
    fast_jobs: int
    slow_s: float
    enqueued: int
    enqueued_in_bulk: int
    paced: int
    due_at_once: int
    scheduled: int
    scheduled_by_ours: int
    weighed: int
    idle_s: float
    monitored: int
    left_out: frozenset[tuple[str, Measure]] = frozenset()

    def drained(self, engine: Engine, *, far: bool = False) -> int:
        """How many jobs this engine is given."""
        guess = engine.guess_far if far and engine.guess_far else engine.guess
        return max(1000, min(self.fast_jobs, int(guess * self.slow_s)))


FULL = Plan(
    budget_s=1770,
    runs=3,
    fast_jobs=120_000,
    slow_s=10,
    enqueued=5000,
    enqueued_in_bulk=50_000,
    paced=1005,
    due_at_once=2000,
    scheduled=FULLEST_INDEX,
    scheduled_by_ours=16 * FULLEST_INDEX,
    weighed=10_000,
    idle_s=20,
    monitored=4000,
)
QUICK = Plan(
    budget_s=280,
    runs=1,
    fast_jobs=20_000,
    slow_s=1.5,
    enqueued=1500,
    enqueued_in_bulk=10_000,
    paced=300,
    due_at_once=2000,
    scheduled=FULLEST_INDEX // 4,
    scheduled_by_ours=FULLEST_INDEX,
    weighed=5000,
    idle_s=5,
    monitored=1000,
    left_out=frozenset(
        {
            ("rabbitmq_quorum", Measure.DRAIN),
            ("rabbitmq_quorum", Measure.ENQUEUE),
            ("taskiq", Measure.DRAIN_RESULTS),
            ("dramatiq", Measure.LATENESS),
            ("huey", Measure.LATENCY),
            ("rq", Measure.WEIGHT),
            ("huey", Measure.WEIGHT),
            ("bullmq", Measure.IDLE),
            *((engine, Measure.DRAIN_OFF) for engine in ("stock_prefork", "stock_solo", "ours_solo", "bullmq")),
        }
    ),
)

_ONCE = frozenset(
    {Measure.WEIGHT, Measure.IDLE, Measure.REQUESTS, Measure.DRAIN_OFF, Measure.DRAIN_ALWAYS, Measure.LATENESS}
)
"""What hardly varies, or is there for comparison only."""

_TWICE = frozenset({Measure.LATENCY})
"""Each run has a thousand samples, which takes longest of all."""


def _runs(measure: Measure, plan: Plan) -> int:
    return 1 if measure in _ONCE else 2 if measure in _TWICE else plan.runs


@dataclass(frozen=True)
class Step:
    """One measurement."""

    measure: Measure
    engine: Engine
    run: int


def steps(plan: Plan, engines: tuple[Engine, ...], measures: frozenset[Measure]) -> list[Step]:
    """All measurements, in their order."""
    return [
        Step(measure, engine, run)
        for run in range(plan.runs)
        for measure in Measure
        if measure in measures and run < _runs(measure, plan)
        for engine in engines
        if measure in engine.measures and (engine.name, measure) not in plan.left_out
        if run == 0 or engine.broker is Broker.REDIS
    ]
