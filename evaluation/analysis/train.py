"""Train the clause classifier, say how good it is on what it was not trained on, and write its file.

`python -m evaluation.analysis.train DATA [--figures FILE] [--model FOLDER]`. Without `--model` nothing is written but
the figures. Needs scikit-learn, which `make train` installs beside and not among what the product needs.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress

from buffrsign.documents.analysis.model import REST, WEIGHTS, Card
from evaluation.analysis.crossing import Crossed, crossed
from evaluation.analysis.examples import FOLDS, Data, read
from evaluation.analysis.keeping import kept_in
from evaluation.analysis.learning import Learning, Learnt
from evaluation.analysis.tables import as_json

VERSION = "clauses-3"
TRAINED_ON = (
    "CUAD v1, The Atticus Project, CC BY 4.0: 397 contracts, trained weights over hashed n-grams, none of its text"
)
FITS = 10
"""So often it learns for the figures: without each of five pairs of folds, and without each. A model takes one more."""


def main(arguments: list[str] | None = None) -> None:
    """Read the data, cross-validate, and, where asked, train on all folds."""
    asked = _arguments(arguments)
    data = read(asked.data)
    with _ticks(FITS + 1 if asked.model else FITS) as tick:
        learning = Learning(data, progress=tick, kept=asked.kept and kept_in(asked.kept, asked.data))
        figures = crossed(learning, data.names)
        if asked.model:
            write(asked.model, learning.learn(range(FOLDS)), figures, data)
    said = as_json(figures)
    if asked.figures:
        asked.figures.parent.mkdir(parents=True, exist_ok=True)
        asked.figures.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    print(f"micro-F1 {said['micro_f1']:.3f}, macro-F1 {said['macro_f1']:.3f}", flush=True)  # noqa: T201 - a program


def write(folder: Path, learnt: Learnt, figures: Crossed, data: Data) -> None:
    """Write the model's two files and `card.json`. The weights are not compressed, so that they can be mapped."""
    look, files = learnt.look, {WEIGHTS: BytesIO(), REST: BytesIO()}
    np.save(files[WEIGHTS], look.weights)
    np.savez_compressed(
        files[REST],
        step=look.step,
        bias=look.bias,
        rarity=look.rarity.astype(np.float16),
        context_weights=learnt.context.weights,
        context_bias=learnt.context.bias,
        thresholds=learnt.thresholds,
    )
    card = Card(
        version=VERSION,
        sha256={name: sha256(file.getvalue()).hexdigest() for name, file in files.items()},
        trained_on=TRAINED_ON,
        labels=data.names,
        weak=tuple(each.name for each in figures.labels if each.is_weak),
        f1={each.name: round(each.f1, 3) for each in figures.labels},
        support={each.name: each.support for each in figures.labels},
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        (folder / name).write_bytes(file.getvalue())
    (folder / "card.json").write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.analysis.train", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds `contracts/`")
    parser.add_argument("--figures", type=Path, help="write the held-out figures here, as JSON")
    parser.add_argument("--model", type=Path, help="train on all folds too, and write the model into this folder")
    parser.add_argument(
        "--kept", type=Path, help="keep what the folds taught below this folder, and take it from there"
    )
    return parser.parse_args(arguments)


@contextmanager
def _ticks(total: int) -> Iterator[Callable[[], None]]:
    """How far learning is, which takes nearly all of the time: a bar for a person, a line each time for a program."""
    if not sys.stderr.isatty():
        done = count(1)
        yield lambda: print(f"fitted {next(done)}", file=sys.stderr, flush=True)  # noqa: T201 - a program
        return
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("clause classifier", total=total)
        yield lambda: progress.advance(task)


if __name__ == "__main__":
    main()
