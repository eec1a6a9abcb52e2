"""arq: for enqueueing and for what a scheduled job weighs."""

from benchmarks.engine.engine import Engine, Home, Measure

ENGINES = (
    Engine(
        name="arq",
        label="arq",
        family="arq",
        home=Home.ARQ,
        side=("python", "-m", "benchmarks.engine.sides.arq_side"),
        measures=frozenset({Measure.ENQUEUE, Measure.WEIGHT}),
    ),
)
