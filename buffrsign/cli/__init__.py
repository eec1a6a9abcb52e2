"""The operator's command `buffrsign`: jobs, queues, dead letters, ledger, signature requests, letters and outboxes.

Addresses come from options or the environment, never from `config`. What is heavy is imported by the command that
needs it, so `buffrsign --help` is quick and a bare install can say which extra is missing.
"""
# ruff: noqa: PLC0415

import sys

_EXTRA_OF = {
    "click": "cli",
    "rich": "cli",
    "sqlalchemy": "sql",
    "alembic": "sql",
    "rfc8785": "sql",
    "jinja2": "worker",
    "yaml": "worker",
    "css_inline": "worker",
}


def main() -> None:
    """Run the command line. Exits with 0, with 1 and one sentence on standard error, or with 2 for wrong usage."""
    try:
        from buffrsign.cli.program import program

        program(prog_name="buffrsign")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA_OF:
            raise
        sys.exit(f"Error: {package} is not installed; run: pip install 'buffrsign[{_EXTRA_OF[package]}]'")
