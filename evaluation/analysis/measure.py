"""The analysis, measured: the clause classifier on folds that it was not trained on, entities on labels set by hand."""

import json
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from buffrsign.documents.analysis.model import shipped
from buffrsign.documents.sandbox import Sandbox
from evaluation.analysis.entities import HALVES, KINDS, Scored, labels_of, score
from evaluation.analysis.tables import clause_table
from evaluation.analysis.train import FITS
from evaluation.section import Section

ROOT = Path(__file__).resolve().parents[2]
TRAINER = ROOT / "var" / "train" / "bin" / "python"
"""An interpreter with scikit-learn; `make train` and `make eval` make it."""

KEPT = ROOT / "var" / "train" / "kept"
"""What the folds taught this code from these data, so that it is learnt once."""


def measure(data: Path, *, progress: Progress) -> Section:
    """Cross-validate the classifier anew, a few minutes, and read the labelled contracts."""
    clauses, problems = _clauses(data, progress)
    entities = _entities(data, progress)
    absent = [f"{half}: no file in DATA has the SHA-256 {each}" for half in HALVES for each in entities[half].absent]
    return Section(
        name="analysis",
        figures={"clauses": clauses, "entities": {half: _figures(entities[half]) for half in HALVES}},
        tables=[*([clause_table(clauses)] if clauses else []), _entity_table(entities)],
        problems=[*problems, *absent],
    )


def _clauses(data: Path, progress: Progress) -> tuple[dict[str, Any], list[str]]:
    """The held-out figures, by the training's own code in its own environment."""
    if not TRAINER.exists():
        return {}, ["the clause classifier was not measured: var/train is missing, run `make train-tools`"]
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [str(TRAINER), "-m", "evaluation.analysis.train", str(data.resolve()), "--kept", str(KEPT)]
        command += ["--figures", str(figures)]
        task = progress.add_task("clause classifier", total=FITS)
        with subprocess.Popen(  # noqa: S603 - ours
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as training:
            said = [line for line in training.stderr or () if not _ticked(line, progress, task)]
        if training.returncode:
            return {}, [f"the clause classifier was not measured: {''.join(said[-1:]).strip()}"]
        found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return found, _differences(found)


def _ticked(line: str, progress: Progress, task: Any) -> bool:
    """Whether the line only says how far it is."""
    if not line.startswith("fitted "):
        return False
    progress.advance(task)
    return True


def _differences(found: dict[str, Any]) -> list[str]:
    """The shipped model's card MUST say what is measured, or the model is not of this code and data."""
    card = shipped().card
    wrong = [name for name, label in found["labels"].items() if abs(label["f1"] - card.f1.get(name, -1)) > 0.02]
    return [f"the shipped model's card says another F1 of {name}; train it anew" for name in wrong]


def _entities(data: Path, progress: Progress) -> dict[str, Scored]:
    files = {sha256(path.read_bytes()).hexdigest(): path for path in (data / "contracts" / "pdf").glob("*")}
    task = progress.add_task("entities", total=sum(len(list(labels_of(half))) for half in HALVES))
    sandbox = Sandbox()
    try:
        return {half: score(half, files, sandbox, tick=lambda: progress.advance(task)) for half in HALVES}
    finally:
        sandbox.close()


def _figures(scored: Scored) -> dict[str, Any]:
    return {
        "documents": scored.documents,
        **{
            kind: {
                "precision": round(each.precision, 4),
                "recall": round(each.recall, 4),
                "f1": round(each.f1, 4),
                "labelled": each.hits + each.missed,
            }
            for kind, each in scored.by_kind.items()
        },
    }


def _entity_table(entities: dict[str, Scored]) -> Table:
    table = Table("labels", "documents", "kind", "labelled", "precision", "recall", "F1", title="entities")
    for half in HALVES:
        for kind in KINDS:
            each = entities[half].by_kind[kind]
            shown = [f"{value:.2f}" for value in (each.precision, each.recall, each.f1)]
            table.add_row(half, str(entities[half].documents), kind, str(each.hits + each.missed), *shown)
    return table
