"""Figures of the clause classifier, for programs and for people."""

from typing import Any

import numpy as np
from rich.table import Table

from evaluation.analysis.crossing import Crossed


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


def clause_table(figures: dict[str, Any], *, title: str = "clauses, held out") -> Table:
    """A row for each label, the best first; `figures` as `as_json` makes them."""
    title = f"{title}: micro-F1 {figures['micro_f1']:.3f}, macro-F1 {figures['macro_f1']:.3f}"
    table = Table("label", "F1", "precision", "recall", "paragraphs", "", title=title)
    for name, label in sorted(figures["labels"].items(), key=lambda each: -each[1]["f1"]):
        shown = [f"{label[what]:.2f}" for what in ("f1", "precision", "recall")]
        table.add_row(name, *shown, str(label["support"]), "weak" if label["is_weak"] else "")
    return table
