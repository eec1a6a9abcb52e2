"""The chaos run as a program: it starts a system, kills in it, judges it, and leaves nothing running."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.__main__ import main
from workers.processes import ROOT


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_few_kills_lose_nothing(tmp_path: Path):
    options = ["--seed", "1", "--seconds", "10", "--faults", "kill,child", "--home", str(tmp_path), "--json"]
    command = [sys.executable, "-m", "tests.chaos", *options]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    verdict = json.loads(run.stdout)
    assert run.returncode == 0, run.stderr
    assert verdict == json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["lost"], verdict["stuck"], verdict["unattributed_repeats"]) == (0, 0, 0)
    assert verdict["kills"] > 0
    assert verdict["jobs"] > 100


def test_a_fault_that_does_not_exist_is_refused_with_those_that_do(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--faults", "kill,earthquake"])

    assert "'earthquake' is no fault; known are: kill, orphan" in capsys.readouterr().err
