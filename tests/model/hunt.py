"""Run the model: on the scripts as they are, and on each mutant until a law catches it.

`make mutants` prints which law caught which mistake, and after how many calls of scripts.
"""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from redis import Redis
from redis.exceptions import ResponseError

from tests.model.calls import Scripts
from tests.model.engine import Engine, Mutant
from tests.model.laws import Violation
from tests.model.machine import Lives
from tests.model.mutants import MUTANTS
from tests.support.broker import databases, running_server

MUTANT_EXAMPLES = 2000
"""Lives that a mutant is given to be caught in; most need a few."""
STEPS = 30


@dataclass(frozen=True)
class Caught:
    """How a mutant was found. `law` is empty if it was not."""

    mutant: Mutant
    law: str
    steps: int


def run_model(scripts: Scripts, *, examples: int, phases: Sequence[Phase], derandomize: bool) -> None:
    """Live so many lives. Raises Violation when a law does not hold."""
    run_state_machine_as_test(
        lambda: Lives(scripts),  # type: ignore[arg-type]  # it calls it, a class or not
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            phases=phases,
            derandomize=derandomize,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            print_blob=not derandomize,
            suppress_health_check=list(HealthCheck),
        ),
    )


def hunt(client: Redis, mutant: Mutant) -> Caught:
    """Live until a law catches this mutant. The dice are fixed at first; whom they miss is hunted twice more."""
    scripts = Scripts(Engine(client, mutant))
    try:
        for derandomize in (True, False, False):
            run_model(scripts, examples=MUTANT_EXAMPLES, phases=[Phase.generate], derandomize=derandomize)
    except Violation as violation:
        return Caught(mutant, violation.law, scripts.first_violation)
    except ResponseError as error:
        return Caught(mutant, f"a script answers ({str(error)[:40]})", scripts.first_violation)
    return Caught(mutant, "", scripts.steps)


def main(names: Sequence[str]) -> int:
    """Hunt the mutants that these words name, or all; print the table."""
    survivors = 0
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(running_server(Path(folder)))
        broker = stack.enter_context(databases(server, first=0))
        print(f"{'mutant':60}{'caught by':75}calls")  # noqa: T201 - a command's output
        for mutant in MUTANTS:
            if not names or any(name in mutant.name for name in names):
                caught = hunt(broker.client, mutant)
                survivors += not caught.law
                print(f"{mutant.name:60}{caught.law or 'NOTHING':75}{caught.steps:5}", flush=True)  # noqa: T201
    return survivors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
