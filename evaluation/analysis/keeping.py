"""Where what the folds taught is kept: a folder for this code, these libraries and these data, and for no others."""

import shutil
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from buffrsign.documents.analysis import features, parts
from evaluation.analysis import examples, learning, placing

_TEACHING = (features, parts, examples, learning, placing)
LIBRARIES = ("numpy", "scipy", "scikit-learn")
_DATA = ("paragraphs_dev.jsonl", "clauses_dev.jsonl")


def kept_in(folder: Path, data: Path, *, libraries: Sequence[str] = LIBRARIES) -> Path:
    """The folder below this one. What others are beside it is of other code or data, and is removed."""
    digest = sha256(" ".join(f"{name} {version(name)}" for name in libraries).encode())
    for path in (*(Path(str(module.__file__)) for module in _TEACHING), *(data / "contracts" / name for name in _DATA)):
        digest.update(sha256(path.read_bytes()).digest())
    mine = folder / digest.hexdigest()[:16]
    for other in folder.glob("*"):
        if other != mine:
            shutil.rmtree(other)
    return mine
