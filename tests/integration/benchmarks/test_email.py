import json
import subprocess
import sys

import pytest

from workers.processes import ROOT


def run(*options: str, timeout_s: float = 150) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks.email", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout_s)


@pytest.mark.slow
def test_a_run_counts_only_with_every_job_done_every_delivery_accepted_and_everybody_reached_once(tmp_path):
    output = tmp_path / "email.json"

    ended = run("--quick", "--only", "ours,stdlib,burst", "--letters", "200", "--output", str(output))

    assert ended.returncode == 0, ended.stderr
    found = json.loads(output.read_text())
    assert found["problems"] == []
    assert found["handover_vs_smtplib"] > 0
    assert found["handover_vs_smtplib_cpu"] > 0
    assert (found["burst"]["sent"], found["burst"]["refused"]) == (1000, 0)


def test_a_way_that_nobody_knows_is_refused_with_the_known_ones():
    ended = run("--only", "sendmail")

    assert ended.returncode == 1
    assert "there is no sendmail; known are: burst, mimetext" in ended.stderr
