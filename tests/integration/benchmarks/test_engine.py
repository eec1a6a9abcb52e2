import json
import subprocess
import sys

import pytest

from benchmarks.engine.far import proxy_limits
from tests.support.wait import wait_until
from workers.processes import ROOT


def run(*options: str, timeout_s: float = 55) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks.engine", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout_s)


@pytest.mark.slow
def test_our_own_runs_count_only_with_every_record_done_and_every_event_received(tmp_path):
    output = tmp_path / "engine.json"

    ended = run("--quick", "--only", "ours_solo,drain", "--output", str(output), timeout_s=240)

    assert ended.returncode == 0, ended.stderr
    found = json.loads(output.read_text())
    assert found["problems"] == []
    assert found["ours"]["ours_solo"]["drain_per_s"] > 0
    assert found["ratios"]["drain_full_vs_best_stock"] is None


def test_a_name_that_nobody_has_is_refused_with_the_known_ones():
    ended = run("--only", "sidekiq")

    assert ended.returncode == 1
    assert "there is no sidekiq; known are:" in ended.stderr
    assert "stock_prefork" in ended.stderr


def test_the_proxy_is_as_far_away_as_it_says_and_carries_more_than_any_engine_sends():
    def carried_per_s() -> float:
        limits = proxy_limits()
        assert limits["round_trip_ms"] >= 2.4
        return limits["pipelined_requests_per_s"]

    # What it can carry is the most that it ever carried: other tests want the processors too.
    wait_until(lambda: carried_per_s() > 10_000, "the proxy to carry 10,000 requests in a second", timeout_s=50)
