"""Stock Celery on RabbitMQ with a quorum queue: another broker, for the honest comparison."""

from benchmarks.engine.engine import Broker, Engine, Home, Measure
from benchmarks.engine.engines import stock

ENGINES = (
    Engine(
        name="rabbitmq_quorum",
        label="stock Celery on RabbitMQ, 2 × solo",
        family="rabbitmq",
        home=Home.PEERS,
        side=stock.SIDE,
        workers=tuple((*stock.WORKER, "--pool", "solo", "-n", f"{name}@%h") for name in ("one", "two")),
        guess=2000,
        broker=Broker.RABBITMQ,
        measures=frozenset({Measure.DRAIN, Measure.ENQUEUE}),
        note="its broker is RabbitMQ, with publisher confirms",
    ),
)
