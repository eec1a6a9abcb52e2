"""Where the engines live: ours in this project's environment, peers in their own, made on first use.

The peers' versions are pinned in `peers.txt`, `peers-arq.txt` (arq wants an older client) and `node.json`. What cannot
be installed is absent, and the report says why.
"""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.engine import Home
from workers.processes import ROOT

HERE = Path(__file__).parent
VAR = ROOT / "var" / "bench"
INSTALL_TIMEOUT_S = 600
_REQUIREMENTS = {Home.PEERS: HERE / "peers.txt", Home.ARQ: HERE / "peers-arq.txt", Home.NODE: HERE / "node.json"}


class Absent(Exception):
    """This engine cannot be had on this machine; the message says why."""


@dataclass(frozen=True)
class Place:
    """A ready home: where its programs are, and what they need in their environment."""

    programs: Path
    environment: dict[str, str]

    def command(self, command: tuple[str, ...]) -> list[str]:
        """A command with its program's full path."""
        return [str(self.programs / command[0]), *command[1:]]


def prepare(home: Home) -> Place:
    """The home, installed if it was not.

    Raises:
        Absent: it cannot be installed here.
    """
    match home:
        case Home.OWN:
            return Place(Path(sys.executable).parent, {})
        case Home.NODE:
            return _node()
        case _:
            return _environment(home)


def _environment(home: Home) -> Place:
    folder, pins = VAR / "venv" / home.value, _REQUIREMENTS[home]
    if not _is_ready(folder, pins):
        shutil.rmtree(folder, ignore_errors=True)
        python = str(folder / "bin" / "python")
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(pins)])
        _mark(folder, pins)
    return Place(folder / "bin", {})


def _node() -> Place:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Absent("Node or npm is not on the PATH")
    folder, pins = VAR / "node", _REQUIREMENTS[Home.NODE]
    if not _is_ready(folder, pins):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(pins, folder / "package.json")
        _run([npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"], folder=folder)
        _mark(folder, pins)
    return Place(Path(node).parent, {"BENCH_NODE": str(folder)})


def _run(command: list[str], *, folder: Path = ROOT) -> None:
    try:
        ended = subprocess.run(  # noqa: S603 - our own command
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise Absent(f"installing took more than {INSTALL_TIMEOUT_S} s") from error
    if ended.returncode:
        raise Absent(f"it could not be installed: {(ended.stderr or ended.stdout).strip().splitlines()[-1:]}")


def _is_ready(folder: Path, pins: Path) -> bool:
    mark = folder / "installed"
    return mark.exists() and mark.read_text() == _digest(pins)


def _mark(folder: Path, pins: Path) -> None:
    (folder / "installed").write_text(_digest(pins))


def _digest(pins: Path) -> str:
    return hashlib.sha256(pins.read_bytes()).hexdigest()
