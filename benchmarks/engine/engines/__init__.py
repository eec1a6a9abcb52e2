"""The engines, one module each."""

from benchmarks.engine.engine import Engine
from benchmarks.engine.engines import arq, bullmq, dramatiq, huey, ours, rabbitmq, rq, stock, streaq, taskiq

ENGINES: tuple[Engine, ...] = (
    *ours.engines(),
    *stock.ENGINES,
    *rabbitmq.ENGINES,
    *taskiq.ENGINES,
    *dramatiq.ENGINES,
    *huey.ENGINES,
    *bullmq.ENGINES,
    *rq.ENGINES,
    *streaq.ENGINES,
    *arq.ENGINES,
)
