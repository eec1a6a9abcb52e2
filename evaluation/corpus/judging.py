"""Whether ours is right about a file, where others that open it agree: the same pages, the same encryption."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from buffrsign.documents import MAX_PAGES, Reason
from evaluation.corpus.found import FileFound
from evaluation.corpus.judge import JUDGES, LOCKED, Encryption, Opinion, present
from evaluation.corpus.steps import INSPECT

LEAST_SAME = 0.99
MOST_RESOURCE_LIMIT = 0.01

_MODULE = "evaluation.corpus.judge"
_HEADER_WITHIN_BYTES = 1024

Opinions = Mapping[str, Opinion]
"""By judge."""


@dataclass(frozen=True)
class Difference:
    """A file on which the judges agree, and ours does not."""

    found: FileFound
    agreed: Opinion


@dataclass(frozen=True)
class Judged:
    """How ours compares. `agreed`, `opened`: files on which all judges agree, and which all of them open."""

    judges: Sequence[str]
    asked: int
    agreed: int
    opened: int
    resource_limit: Sequence[FileFound]
    differ: Sequence[Difference]

    @property
    def same_share(self) -> float:
        """Of the files on which the judges agree."""
        return 1 - len(self.differ) / self.agreed if self.agreed else 1.0

    @property
    def resource_limit_share(self) -> float:
        """Of the files that all judges open."""
        return len(self.resource_limit) / self.opened if self.opened else 0.0

    @property
    def is_right(self) -> bool:
        """Whether both figures are reached."""
        return self.same_share >= LEAST_SAME and self.resource_limit_share <= MOST_RESOURCE_LIMIT

    def as_json(self) -> dict[str, Any]:
        """Every figure, and the files behind those that could be better."""
        return {
            "judges": list(self.judges),
            "absent": [name for name in JUDGES if name not in self.judges],
            "files": self.asked,
            "agreed": self.agreed,
            "same": self.agreed - len(self.differ),
            "same_share": round(self.same_share, 5),
            "opened_by_all": self.opened,
            "resource_limit": [each.path for each in self.resource_limit],
            "resource_limit_share": round(self.resource_limit_share, 5),
            "differ": [_difference_as_json(each) for each in self.differ],
        }

    def as_lines(self) -> list[str]:
        """The same for people."""
        absent = [name for name in JUDGES if name not in self.judges]
        lines = [
            f"judges {', '.join(self.judges)}" + (f" ({', '.join(absent)} is not installed)" if absent else ""),
            f"they agree on {self.agreed:,} of {self.asked:,} files, and ours on {self.same_share:.2%} of those",
            f"they all open {self.opened:,}, of which {len(self.resource_limit)} end as resource_limit "
            f"({self.resource_limit_share:.2%})",
        ]
        return lines + [f"differs: {each.found.path}: {_said(each)}" for each in self.differ]


def judge(folder: Path, found: Iterable[FileFound], *, advance: Callable[[], None]) -> Judged:
    """Ask every judge that is here about each of `to_judge`; `advance` is called once a judge and file."""
    files = to_judge(folder, found)
    paths = [str((folder / each.path).resolve()) for each in files]
    judges = present()
    with ThreadPoolExecutor(len(judges)) as threads:
        said = list(threads.map(lambda name: list(_opinions(name, paths, advance)), judges))
    return compare(files, [dict(zip(judges, opinions, strict=True)) for opinions in zip(*said, strict=True)], judges)


def compare(files: Sequence[FileFound], opinions: Sequence[Opinions], judges: Sequence[str]) -> Judged:
    """What the judges said of each file, beside what ours did."""
    agreements = [(each, _agreement(of_file)) for each, of_file in zip(files, opinions, strict=True)]
    agreed = [Difference(each, opinion) for each, opinion in agreements if opinion is not None]
    opened = [each for each, of_file in zip(files, opinions, strict=True) if all(one.opens for one in of_file.values())]
    return Judged(
        judges=judges,
        asked=len(files),
        agreed=len(agreed),
        opened=len(opened),
        resource_limit=[each for each in opened if each.outcome == Reason.RESOURCE_LIMIT],
        differ=[each for each in agreed if not _is_right(each.found, each.agreed)],
    )


def to_judge(folder: Path, found: Iterable[FileFound]) -> list[FileFound]:
    """The files that were read, and that somebody might take for PDFs."""
    return [each for each in found if each.sha256 is not None and _is_named_or_looks_like_a_pdf(folder / each.path)]


def _is_named_or_looks_like_a_pdf(file: Path) -> bool:
    if file.suffix.lower() == ".pdf":
        return True
    with file.open("rb") as content:
        return b"%PDF-" in content.read(_HEADER_WITHIN_BYTES)


def _opinions(name: str, paths: Sequence[str], advance: Callable[[], None]) -> Iterable[Opinion]:
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", _MODULE, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as judge:
        assert judge.stdin  # noqa: S101 - both are pipes
        assert judge.stdout  # noqa: S101
        for path in paths:
            judge.stdin.write(msgspec.json.encode(path) + b"\n")
            judge.stdin.flush()
            yield msgspec.json.decode(judge.stdout.readline(), type=Opinion)
            advance()
        judge.stdin.close()


def _agreement(opinions: Opinions) -> Opinion | None:
    """None: they differ, or none of them can read it."""
    [first, *others] = opinions.values()
    return first if first.encryption is not None and all(each == first for each in others) else None


def _is_right(found: FileFound, agreed: Opinion) -> bool:
    if agreed.pages is not None and agreed.pages > MAX_PAGES:
        return found.steps.get(INSPECT) == Reason.TOO_MANY_PAGES
    return _ours(found) == agreed


def _ours(found: FileFound) -> Opinion:
    if found.steps.get(INSPECT) == Reason.ENCRYPTED:
        return LOCKED
    if found.pages is None:
        return Opinion()
    return Opinion(found.pages, Encryption.OPEN if found.encrypted else Encryption.NONE)


def _difference_as_json(difference: Difference) -> dict[str, Any]:
    found = difference.found
    return {
        "path": found.path,
        "sha256": found.sha256,
        "agreed": msgspec.to_builtins(difference.agreed),
        "ours": {"outcome": found.steps.get(INSPECT), "pages": found.pages, "encrypted": found.encrypted},
    }


def _said(difference: Difference) -> str:
    agreed, found = difference.agreed, difference.found
    ours = f"{found.pages} pages" if found.pages is not None else str(found.steps.get(INSPECT))
    theirs = agreed.encryption if agreed.pages is None else f"{agreed.pages} pages, encryption {agreed.encryption}"
    return f"ours {ours}, encrypted {found.encrypted}; theirs {theirs}"
