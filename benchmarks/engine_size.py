"""How large the delivery engine is: `python -m benchmarks.engine_size`, with `--json` for machines.

Counts lines that are neither blank nor all comment; docstrings are counted. `transport` is what stands between Celery
and the scripts, and would go first if jobs travelled otherwise; the rest is records, schedule, results, tools.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

BROKER = Path(__file__).parent.parent / "buffrsign" / "broker"
TRANSPORT = {"channel.py", "consuming.py", "leases.py", "messages.py", "qos.py", "transport.py"}
"""What is between Celery and the scripts."""


def main(arguments: list[str]) -> int:
    """Print the sizes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine_size", description="Size of the engine.")
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    asked = parser.parse_args(arguments)
    sizes = measure(BROKER)
    table = "\n".join(f"{part.ljust(22)}{lines:>7,} lines" for part, lines in sizes.items())
    sys.stdout.write(f"{json.dumps(sizes) if asked.json else table}\n")
    return 0


def measure(broker: Path) -> dict[str, int]:
    """Lines of code by part, and in all."""
    python = [path for path in broker.glob("*.py") if path.name not in TRANSPORT]
    transport = [broker / name for name in sorted(TRANSPORT)]
    sizes = {
        "transport, Python": _lines(transport, comment="#"),
        "other, Python": _lines(python, comment="#"),
        "scripts, Lua": _lines((broker / "lua").rglob("*.lua"), comment="--"),
    }
    return {**sizes, "all": sum(sizes.values())}


def _lines(paths: Iterable[Path], *, comment: str) -> int:
    lines = (line.strip() for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith(comment))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
