"""RQ: for enqueueing and for what a scheduled job weighs."""

from benchmarks.engine.engine import ENQUEUES, Engine, Home, Measure

ENGINES = (
    Engine(
        name="rq",
        label="RQ",
        family="rq",
        home=Home.PEERS,
        side=("python", "-m", "benchmarks.engine.sides.rq_side"),
        guess=1000,
        measures=ENQUEUES | {Measure.WEIGHT},
    ),
)
