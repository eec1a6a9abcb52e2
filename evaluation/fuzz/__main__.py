"""`make fuzz FROM=…`: a folder of files damaged on purpose, for `make corpus`: `python -m evaluation.fuzz FROM OUT`."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from evaluation.fuzz.mutations import mutated

FILES = 2000
SEED = 20261127
MOST_BYTES = 4 * 1024 * 1024
"""Of a file that is damaged: what a larger one would show, it would show slowly."""


def main(arguments: list[str] | None = None) -> None:
    """Write the files; the same ones for the same folder and seed."""
    given = _parse(arguments)
    sources = sorted(path for path in given.source.rglob("*.pdf") if 0 < path.stat().st_size <= MOST_BYTES)
    if not sources:
        sys.exit(f"{given.source} holds no PDF of at most {MOST_BYTES // 1024 // 1024} MiB; name another folder")
    given.output.mkdir(parents=True, exist_ok=True)
    for name, data in damaged(sources, files=given.files, seed=given.seed):
        (given.output / name).write_bytes(data)
    sys.stdout.write(f"{given.files:,} files made of {len(sources):,} with seed {given.seed}: {given.output}\n")


def damaged(sources: list[Path], *, files: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes; each source in turn, so that all of them are there if there are enough files."""
    for number in range(files):
        dice = Random(f"{seed} {number}")  # noqa: S311 - dice that fall the same way again
        data, other = (path.read_bytes() for path in (sources[number % len(sources)], dice.choice(sources)))
        yield f"{number:05}.pdf", mutated(data, other, dice)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.fuzz", description=__doc__)
    parser.add_argument("source", type=Path, help="the folder whose PDFs are damaged")
    parser.add_argument("output", type=Path, help="the folder where the damaged ones go")
    parser.add_argument("--files", type=int, default=FILES, help=f"so many (default {FILES:,})")
    parser.add_argument("--seed", type=int, default=SEED, help="of the dice")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
