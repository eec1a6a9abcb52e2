"""The command line as an operator calls it: in this process, with an environment of the test's own."""

import os
from collections.abc import Callable

from click.testing import CliRunner, Result

from buffrsign import JobStatus, Producer
from buffrsign.cli.program import program

Run = Callable[..., Result]


def status_of(producer: Producer, job_id: str) -> JobStatus:
    """The status of a job that the broker MUST know."""
    status = producer.status(job_id)
    assert status is not None, f"the broker knows no job {job_id}"
    return status


def command_line(environment: dict[str, str]) -> Run:
    """`run("jobs", "show", job_id)`; only exits are caught, so whatever else a command raises fails its test."""
    ours = ("BUFFRSIGN_", "REDIS_", "COLUMNS")
    unset: dict[str, str | None] = {name: None for name in os.environ if name.startswith(ours)}
    runner = CliRunner(env={**unset, **environment})

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return runner.invoke(program, arguments, input=stdin, catch_exceptions=False, prog_name="buffrsign")

    return run
