"""The fields that are found, beside those that were labelled and beside a plain rule, as figures and tables."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from buffrsign.documents import Unreadable, find_fields
from buffrsign.documents.fields import Field
from buffrsign.documents.fields.grounds import Ground
from evaluation.fields.baseline import plain_fields
from evaluation.fields.label import Label, Labels, of_family, of_real_files
from evaluation.fields.layouts import DEV, HELD_OUT, generate
from evaluation.fields.score import TYPES, Rates, Score
from evaluation.files import Files
from evaluation.section import Section

Find = Callable[[bytes], Iterable[Field]]
Labelled = tuple[bytes, Iterable[Label]]


class Worthless(Exception):
    """A labelled document could not be read."""


def ours(data: bytes) -> tuple[Field, ...]:
    """What `find_fields` finds."""
    found = find_fields(data)
    if isinstance(found, Unreadable):
        raise Worthless(found.reason)
    return found.fields


def baseline(data: bytes) -> tuple[Field, ...]:
    """What the plain rule finds."""
    found = plain_fields(data)
    if isinstance(found, Unreadable):
        raise Worthless(found.reason)
    return found


def generated(families: Iterable[str]) -> list[Labelled]:
    """The documents of these families, made anew, with the labels that were committed."""
    labelled = [(family, each) for family in families for each in of_family(family)]
    return [(generate(family, each.number).data, each.fields) for family, each in labelled]


def real(labels: Mapping[str, Labels], files: Files) -> list[Labelled]:
    """The labelled documents that DATA holds."""
    found = [(files.get(sha256), labelled.fields) for sha256, labelled in labels.items()]
    return [(data, fields) for data, fields in found if data is not None]


def measure(data: Path, *, progress: Progress) -> Section:
    """Measure the generated set and the labelled documents among the files below `data`.

    The contracts have to be there; the further documents are measured if all of them are.
    """
    files = Files(data, progress=progress)
    real_labels = {part: of_real_files(part) for part in ("open", "further", "sealed")}
    if any(sha256 not in files for sha256 in real_labels["further"]):
        del real_labels["further"]
    absent = [sha256 for labels in real_labels.values() for sha256 in labels if sha256 not in files]
    sets: dict[str, list[Labelled]] = {
        "dev": generated(DEV),
        "held out": generated(HELD_OUT),
        **{f"real {part}": real(labels, files) for part, labels in real_labels.items()},
    }
    bar = progress.add_task("fields", total=2 * sum(map(len, sets.values())))
    scores = {
        (name, who): _score(documents, find, advance=partial(progress.advance, bar))
        for name, documents in sets.items()
        for who, find in (("rules", ours), ("plain", baseline))
    }
    problems = [f"{len(absent)} of the labelled contracts are not below {data}"] if absent else []
    return Section("fields", _figures(scores), _tables(scores), problems)


def _score(documents: Iterable[Labelled], find: Find, *, advance: Callable[[], None]) -> Score:
    score = Score()
    for data, labels in documents:
        score.add(labels, find(data))
        advance()
    return score


def _figures(scores: Mapping[tuple[str, str], Score]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for (name, who), score in scores.items():
        figures.setdefault(name.replace(" ", "_"), {})[who] = score.as_json()
    return figures


def _tables(scores: Mapping[tuple[str, str], Score]) -> list[Table]:
    by_type = [_types(name, score) for (name, who), score in scores.items() if who == "rules"]
    return [_overview(scores), *by_type, _grounds(scores)]


def _overview(scores: Mapping[tuple[str, str], Score]) -> Table:
    table = Table(title="\nfields: right in place and type; in place only; grouped by party")
    table.add_column("set", no_wrap=True)
    for heading in ("fields", "prec.", "recall", "F1", "per file", "places", "parties"):
        table.add_column(heading, justify="right", no_wrap=True)
    for (name, who), score in scores.items():
        title = f"{name} ({score.documents})" if who == "rules" else "  plain rule"
        figures = [score.all.precision, score.all.recall, score.all.f1, score.mean_f1, score.places.f1, score.grouping]
        table.add_row(title, str(score.all.labelled), *map(_figure, figures))
    return table


def _types(name: str, score: Score) -> Table:
    table = Table(title=f"\n{name}, by type")
    table.add_column("type")
    for heading in ("labelled", "found", "precision", "recall", "F1"):
        table.add_column(heading, justify="right")
    for kind in TYPES:
        rates: Rates = score.of(kind)
        if rates.labelled or rates.found:
            figures = (rates.precision, rates.recall, rates.f1)
            table.add_row(kind, str(rates.labelled), str(rates.found), *map(_figure, figures))
    return table


def _grounds(scores: Mapping[tuple[str, str], Score]) -> Table:
    """The shares on which the confidences rest."""
    names = [name for name in ("dev", "real open", "real further") if (name, "rules") in scores]
    table = Table("found by", title="\nright findings of each rule, on what the rules were written with")
    for heading in ("confidence", *names):
        table.add_column(heading, justify="right")
    for ground in Ground:
        shares = []
        for name in names:
            score = scores[name, "rules"]
            shares.append(f"{score.right_by_reason[ground.reason]} of {score.by_reason[ground.reason]}")
        table.add_row(ground.reason, f"{ground.confidence:.2f}", *shares)
    return table


def _figure(value: float) -> str:
    return f"{value:.3f}"
