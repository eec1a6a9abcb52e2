"""`python -m tests.chaos.letters`: kill workers while letters go out, each delivered four times, and say who got what.

Exit code 1 if anybody got two letters, or record or audit do not say what the mail server knows.
"""

import argparse
import json
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.chaos.letters import report
from tests.chaos.letters.run import Plan, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are stopped
    console = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    numbered = (options.home / f"letters-{seed}-{number}" for number in range(1, 1000))
    folder = next(free for free in numbered if not free.exists())
    folder.mkdir(parents=True)
    console.print(f"seed {seed}; logs, record and broker are kept in {folder}")
    seen = run(Plan(folder, options.recipients, options.copies, options.kills, seed), console)
    verdict = report.summary(seen)
    report.show(seen, verdict, console)
    (folder / "verdict.json").write_text(json.dumps(verdict, indent=1))
    if options.json:
        print(json.dumps(verdict))  # noqa: T201
    return 0 if report.is_clean(verdict) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.letters", description=__doc__)
    parser.add_argument("--recipients", type=int, default=20, help="one bounces, one is put off twice (%(default)s)")
    parser.add_argument("--copies", type=int, default=3, help="deliver each message so often again (%(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="how many workers are killed (%(default)s)")
    parser.add_argument("--seed", type=int, help="repeats the dice of another run")
    parser.add_argument("--home", type=Path, default=Path("var/chaos"), help="where all is kept (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the verdict on standard output")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
