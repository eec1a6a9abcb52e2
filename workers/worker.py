"""Celery's `worker` command by itself: `python -m workers.worker workers.app -Q email --pool solo`.

The program `celery` also loads the commands of other packages, Flower's and a shell's among them. A worker has no use
for them, and is some 15 MB smaller and starts sooner without.
"""
# ruff: noqa: PLC0415 - Celery reads the environment as it is loaded

import os
import sys
from typing import Any

_ONE_THREAD_RUNS_TASKS = "USE_FAST_LOCALS"
"""Celery keeps what runs now in a plain list for each thread, which holds where the thread that loads it runs it."""


def main(arguments: list[str]) -> None:
    """Run until told to stop. The arguments are the application, and then Celery's options."""
    application, *options = arguments or ["workers.app"]
    if any(option.removeprefix("--pool=") == "solo" for option in options):
        os.environ.setdefault(_ONE_THREAD_RUNS_TASKS, "1")
    from celery.app.utils import find_app
    from celery.bin.base import CLIContext
    from celery.bin.worker import worker

    os.environ.pop(_ONE_THREAD_RUNS_TASKS, None)
    command: Any = worker
    context = CLIContext(app=find_app(application), no_color=False, workdir=None, quiet=False)
    command.main(options, prog_name=f"worker of {application}", obj=context)


if __name__ == "__main__":
    main(sys.argv[1:])
