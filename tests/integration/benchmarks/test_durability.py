import json
import subprocess
import sys

from workers.processes import ROOT


def test_the_command_measures_every_setting_of_this_machine_s_servers():
    command = [sys.executable, "-m", "benchmarks.durability", "--json", "--writes", "20"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=50)

    rows = json.loads(ended.stdout)
    assert {row["appendfsync"] for row in rows} == {"everysec", "always"}
    assert all(row["write_ms"] > 0 and row["pipeline_ms"] > 0 for row in rows)
    assert all(row["waitaof_waits"] for row in rows if row["appendfsync"] == "always" and row["waitaof_ms"])
