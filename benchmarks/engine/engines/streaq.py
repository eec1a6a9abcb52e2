"""streaq: for enqueueing and for what a scheduled job weighs."""

from benchmarks.engine.engine import ENQUEUES, Engine, Home, Measure

ENGINES = (
    Engine(
        name="streaq",
        label="streaq",
        family="streaq",
        home=Home.PEERS,
        side=("python", "-m", "benchmarks.engine.sides.streaq_side"),
        measures=ENQUEUES | {Measure.WEIGHT},
    ),
)
