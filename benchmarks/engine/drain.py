"""How fast workers empty a queue, and what that costs the server.

The jobs are there before the workers. The first tenth is not counted: workers start in it, and not all at once. The
end is when nothing is left, unacknowledged jobs included.
"""

import os
import sys
import time
from dataclasses import dataclass

from benchmarks.engine import monitor, proof
from benchmarks.engine.engine import Broker, Engine
from benchmarks.engine.homes import Place
from benchmarks.engine.stage import Stage, Void, stage
from workers.processes import Processes, free_port

LOOK_S = 0.02
FAR_ONE_WAY_MS = 1.2
STALLED_S = 60.0


@dataclass(frozen=True)
class Drained:
    """`cpu_us`: the server's processor time for a job; None where the server is not Redis."""

    jobs_per_s: float
    cpu_us: float | None


def drain(
    engine: Engine, place: Place, count: int, *, appendfsync: str = "everysec", results: bool = False, far: bool = False
) -> Drained:
    """Load, start, and watch.

    Raises:
        Void: jobs were lost on the way, or one of ours has no record or event.
    """
    with stage(engine, place, appendfsync=appendfsync, load=count, results=results) as on:
        if engine.is_ours:
            proof.start_consumer(on)
        on.start_workers(_far_url(on) if far else None)
        drained = _watch(on, count)
        _require_all_ran(on, count)
        if engine.is_ours:
            proof.require(on, count)
    return drained


def requests_per_job(engine: Engine, place: Place, count: int) -> float:
    """How many commands its workers send for a job, those inside scripts not counted."""
    with stage(engine, place, load=count) as on:
        with monitor.watching(on.redis) as seen:
            on.start_workers()
            on.wait(lambda: on.executed() >= count or not on.engine.counts_at_once, "all jobs to run", timeout_s=300)
            on.wait(lambda: on.remaining() == 0, "all acknowledgements", timeout_s=300)
        return seen.commands() / count


def delaying_proxy(processes: Processes, target_port: int) -> int:
    """Start a proxy that makes the server 2.4 ms away, there and back; its port."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.engine.delay", str(port), str(target_port), str(FAR_ONE_WAY_MS)]
    processes.start("proxy", command, env=os.environ)
    return port


def _far_url(on: Stage) -> str:
    return f"redis://127.0.0.1:{delaying_proxy(on.processes, on.redis.port)}/0"


def _watch(on: Stage, count: int) -> Drained:
    begun = ended = 0.0
    begun_at = cpu_s = 0.0
    last, moved = 0, time.monotonic()
    while not ended:
        done = _done(on, count)
        now = time.monotonic()
        if not begun and done >= count / 10:
            begun, begun_at, cpu_s = now, done, _cpu_s(on)
        if done >= count:
            ended = now
        if done > last:
            last, moved = done, now
        if now - moved > STALLED_S:
            raise Void(f"it stood still with {count - done} jobs of {count} left")
        on.check()
        time.sleep(LOOK_S)
    jobs = count - begun_at
    if jobs < count / 2:
        raise Void("it was over before it could be measured; more jobs are needed")
    cpu_us = (_cpu_s(on) - cpu_s) * 1e6 / jobs if on.server else None
    return Drained(jobs / (ended - begun), cpu_us)


def _done(on: Stage, count: int) -> int:
    """How many jobs are over. RabbitMQ is asked only at the end: it answers slowly."""
    if on.engine.broker is Broker.RABBITMQ:
        return on.executed()
    done = count - on.remaining()
    return min(done, on.executed()) if on.engine.counts_at_once else done


def _cpu_s(on: Stage) -> float:
    return on.server.cpu_s() if on.server else 0.0


def _require_all_ran(on: Stage, count: int) -> None:
    on.wait(lambda: on.executed() >= count, "the count of runs", timeout_s=5)
    if (found := on.executed()) != count:
        raise Void(f"{found} runs of {count} jobs")
