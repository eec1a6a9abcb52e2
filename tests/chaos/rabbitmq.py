"""The same faults on plain Celery with RabbitMQ's quorum queues, which lose nothing by design: the honest comparison.

Only faults that make sense for any broker are dealt. The server is a private one, with its own node and folder.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from amqp.exceptions import AMQPError
from kombu import Connection
from kombu.exceptions import OperationalError
from rich.console import Console

from tests.chaos import report
from tests.chaos.attribution import Faults
from tests.chaos.faults import Scene
from tests.chaos.fleet import Fleet, Server, plain_worker_commands
from tests.chaos.inventory import QUEUES
from tests.chaos.ledger import AnyEntry, Fault, Ledger, now, read
from tests.chaos.proxy import Proxy
from tests.chaos.run import Plan, break_things, progress, start_fleet, watch
from tests.chaos.verdict import Findings, Leftovers, judge
from tests.chaos.workload import LONGEST_RUN_S
from tests.support.wait import wait_until
from workers.processes import Processes, Program, free_port

FAULTS = frozenset({"kill", "orphan", "term", "child", "pause", "cut", "deafen", "latency", "restart"})
START_S = 90.0
CLAIM_S = 10.0


def is_installed() -> bool:
    """Whether this machine has the server."""
    return shutil.which("rabbitmq-server") is not None


def _program() -> str:
    """Debian's own command changes to a user who cannot write our folder; the one behind it does not."""
    behind = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(behind) if behind.exists() else "rabbitmq-server"


class RabbitMq(Server):
    """A private RabbitMQ node, started on the same port and in the same folder each time."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        super().__init__(processes, folder)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._epmd_port = free_port()

    def start(self) -> None:
        """Start it, and return once it takes connections."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "enabled_plugins").write_text("[].\n")
        self._starts += 1
        program = self._processes.start(f"rabbitmq-{self._starts}", [_program()], env=self._environment())
        self._program = program
        wait_until(self._answers, "RabbitMQ to answer", timeout_s=START_S)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the node; the shell script that started it ends with it."""
        program: Program | None = self._program
        assert program, "it was not started"
        os.killpg(program.process.pid, number)
        program.process.wait()

    def forget_names(self) -> None:
        """End the name service that Erlang has started for this node alone."""
        if (epmd := shutil.which("epmd")) is not None:
            subprocess.run([epmd, "-kill"], env=self._environment(), capture_output=True, check=False)

    def waiting(self) -> int:
        """How many messages are in the queues, delivered ones not counted; queues that are not there hold none."""
        with Connection(self.url, connect_timeout=5) as connection:
            count = 0
            for queue in QUEUES:
                channel: Any = connection.channel()
                count += channel.queue_declare(queue, passive=True).message_count
            return count

    def _environment(self) -> Mapping[str, str]:
        home = str(self._folder.resolve())
        return {
            **os.environ,
            "HOME": home,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"chaos{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
        }

    def _answers(self) -> bool:
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                connection.connect()
        except (OSError, OperationalError, AMQPError):
            return False
        return True


def run_rabbitmq(plan: Plan, console: Console) -> dict[str, Any]:
    """Carry out the plan with such faults as a broker of another kind can have."""
    plan = replace(plan, faults=plan.faults & FAULTS)
    with ExitStack() as afterwards, ExitStack() as stack:
        processes = stack.enter_context(Processes(plan.folder / "log"))
        server = RabbitMq(processes, plan.folder / "broker")
        afterwards.callback(server.forget_names)  # it stays while a node lives
        server.start()
        proxy = stack.enter_context(Proxy(server.port, seed=plan.seed))
        dice = random.Random(plan.seed)  # noqa: S311 - a repeatable run
        fleet = Fleet(processes, plain_environment(plan, f"amqp://guest:guest@127.0.0.1:{proxy.port}//"))
        stack.callback(fleet.end)
        scene = Scene(fleet, server, proxy, Ledger(plan.folder / "ledger"), dice, plan.lease_s)
        start_fleet(fleet, plan, plain_worker_commands(), schedulers=0, producing=["--plain"])
        with progress(console) as tell:
            break_things(scene, plan, tell)
            tell("coming to rest", 1.0)
            rested = _come_to_rest(scene, server, plan.drain_s)
        fleet.stop("")
        return _judge(plan, left=server.waiting(), rested=rested)


def plain_environment(plan: Plan, url: str) -> dict[str, str]:
    """What workers and producers of plain Celery tasks are told."""
    return {
        **os.environ,
        "CHAOS_BROKER": url,
        "CHAOS_LEDGER": str((plan.folder / "ledger").resolve()),
        "BUFFRSIGN_BROKER_URL": "redis://127.0.0.1:1/0",
        "BUFFRSIGN_JOB_KEY_SECRET": "not used by plain tasks",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def _come_to_rest(scene: Scene, server: RabbitMq, limit_s: float) -> bool:
    scene.fleet.stop("producer")
    limit, quiet_since = now() + limit_s, now()
    while now() < limit:
        watch(scene, 0.5, lambda _: None)
        try:
            waiting = server.waiting()
        except (OSError, OperationalError, AMQPError):
            waiting = 1
        if waiting:
            quiet_since = now()
        elif now() - quiet_since > LONGEST_RUN_S + CLAIM_S:
            return True
    return False


def _judge(plan: Plan, *, left: int, rested: bool) -> dict[str, Any]:
    entries: list[AnyEntry] = list(read(plan.folder / "ledger"))
    faults = [entry for entry in entries if isinstance(entry, Fault)]
    findings = judge(entries, Leftovers(), Faults.sort(faults, lease_s=plan.lease_s), Findings())
    findings.stuck, findings.lost = left, max(0, findings.lost - left)
    return report.summary(
        findings, faults, seed=plan.seed, leaked=[], counters_add_up=None, wrong_results=0, rested=rested
    )
