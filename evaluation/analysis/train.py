"""Train the clause classifier, say how good it is on what it was not trained on, and write its file.

`python -m evaluation.analysis.train DATA [--figures FILE] [--model FOLDER]`. Without `--model` nothing is written but
the figures. Needs scikit-learn, which `make train` installs beside and not among what the product needs.
"""

import argparse
import json
import sys
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from buffrsign.documents.analysis.model import Card
from evaluation.analysis.crossing import Crossed, crossed
from evaluation.analysis.examples import FOLDS, Data, read
from evaluation.analysis.learning import Learning, Learnt

VERSION = "clauses-2"
TRAINED_ON = (
    "CUAD v1, The Atticus Project, CC BY 4.0: 397 contracts, trained weights over hashed n-grams, none of its text"
)
FITS = 10
"""So often it learns for the figures: without each of five pairs of folds, and without each. A model takes one more."""


def main(arguments: list[str] | None = None) -> None:
    """Read the data, cross-validate, and, where asked, train on all folds."""
    asked = _arguments(arguments)
    data = read(asked.data)
    learning = Learning(data, progress=_ticks(), kept=asked.kept)
    figures = crossed(learning, data.names)
    said = as_json(figures)
    if asked.figures:
        asked.figures.parent.mkdir(parents=True, exist_ok=True)
        asked.figures.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    if asked.model:
        write(asked.model, learning.learn(range(FOLDS)), figures, data)
    print(f"micro-F1 {said['micro_f1']:.3f}, macro-F1 {said['macro_f1']:.3f}", flush=True)  # noqa: T201 - a program


def as_json(figures: Crossed) -> dict[str, Any]:
    """The figures for programs."""
    return {
        "micro_f1": round(float(np.mean(figures.micro)), 4),
        "macro_f1": round(float(np.mean(figures.macro)), 4),
        "micro_f1_by_fold": [round(value, 4) for value in figures.micro],
        "macro_f1_by_fold": [round(value, 4) for value in figures.macro],
        "labels": {
            each.name: {
                "f1": round(each.f1, 4),
                "precision": round(each.precision, 4),
                "recall": round(each.recall, 4),
                "support": each.support,
                "is_weak": each.is_weak,
            }
            for each in figures.labels
        },
    }


def write(folder: Path, learnt: Learnt, figures: Crossed, data: Data) -> None:
    """Write `clauses.npz` and `card.json`: weights in 127 steps to each side, so that the file is small."""
    step = np.maximum(np.abs(learnt.look.weights).max(axis=0), 1e-9) / 127
    file = BytesIO()
    np.savez_compressed(
        file,
        weights=np.rint(learnt.look.weights / step).astype(np.int8),
        step=step.astype(np.float32),
        bias=learnt.look.bias,
        rarity=learnt.look.rarity.astype(np.float16),
        slope=learnt.slope,
        middle=learnt.middle,
        thresholds=learnt.thresholds,
    )
    card = Card(
        version=VERSION,
        sha256=sha256(file.getvalue()).hexdigest(),
        trained_on=TRAINED_ON,
        labels=data.names,
        weak=tuple(each.name for each in figures.labels if each.is_weak),
        f1={each.name: round(each.f1, 3) for each in figures.labels},
        support={each.name: each.support for each in figures.labels},
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clauses.npz").write_bytes(file.getvalue())
    (folder / "card.json").write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.analysis.train", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds `contracts/`")
    parser.add_argument("--figures", type=Path, help="write the held-out figures here, as JSON")
    parser.add_argument("--model", type=Path, help="train on all folds too, and write the model into this folder")
    parser.add_argument("--kept", type=Path, help="keep what the folds taught in this folder, and take it from there")
    return parser.parse_args(arguments)


def _ticks() -> Callable[[], None]:
    """A line on standard error each time, since learning takes nearly all of the time."""
    done = count(1)

    def tick() -> None:
        print(f"fitted {next(done)}", file=sys.stderr, flush=True)  # noqa: T201 - a program

    return tick


if __name__ == "__main__":
    main()
