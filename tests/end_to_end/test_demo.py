"""The demo, run as a person runs it."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.pdfs import encrypted
from tests.support.wait import wait_until
from workers.processes import ROOT

pytestmark = pytest.mark.slow

LONG_S = 90
"""What the demo may take on two cores."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the project, so that the demo's folder is not the one that a person is looking at."""
    folder = tmp_path_factory.mktemp("checkout")
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def demo(checkout: Path) -> subprocess.CompletedProcess[str]:
    """One run on the agreement that the project makes itself."""
    return run_demo(checkout)


@pytest.fixture(scope="module")
def summary(demo: subprocess.CompletedProcess[str], checkout: Path) -> dict[str, Any]:
    """What it wrote."""
    assert demo.returncode == 0, demo.stdout + demo.stderr
    loaded: dict[str, Any] = json.loads((checkout / "var" / "demo" / "summary.json").read_text())
    return loaded


def test_every_job_of_the_demo_is_done(summary):
    assert summary["ok"]
    assert {job["state"] for job in summary["jobs"]} == {"done"}
    assert {job["queue"] for job in summary["jobs"]} == {
        "email",
        "requests",
        "documents",
        "compliance",
        "audit",
        "maintenance",
    }


def test_the_demo_leaves_letters_pictures_report_and_audit_trail(summary, checkout):
    assert summary["document"]["pages"] == 2
    assert len(summary["emails"]) == 3
    assert all(Path(path).read_bytes() for path in summary["emails"])
    assert Path(summary["thumbnails"][0]).read_bytes().startswith(b"\x89PNG")
    assert summary["compliance"]["counts"]["pass"] == 3
    trail = (checkout / "var" / "demo" / "audit-trail.jsonl").read_text().splitlines()
    assert summary["audit"] == {"entries": len(trail), "verified": True}


def test_only_the_one_who_has_not_signed_is_reminded(summary):
    reminders = [job["outcome"] for job in summary["jobs"] if job["kind"] == "email.signature_reminder"]

    assert sorted(reminders) == ["accepted by 127.0.0.1", "dropped: signed"]


def test_the_demo_says_where_to_look_next(demo, summary):
    assert "make up" in demo.stdout
    assert "5555" in demo.stdout


def test_a_locked_file_ends_the_demo_with_a_sentence(checkout, tmp_path):
    path = tmp_path / "locked.pdf"
    path.write_bytes(encrypted(user_password="secret"))

    failed = run_demo(checkout, "--pdf", str(path))

    assert failed.returncode == 1
    assert "the document is held, encrypted" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_second_demo_at_the_same_time_is_refused(checkout):
    shutil.rmtree(checkout / "var", ignore_errors=True)  # an earlier demo's log would look like this one's

    with subprocess.Popen([sys.executable, "-m", "workers.demo"], cwd=checkout, stdout=subprocess.DEVNULL) as first:
        wait_until((checkout / "var" / "demo" / "log").exists, "the first demo to start")

        second = run_demo(checkout)
        first.send_signal(signal.SIGTERM)

    assert second.returncode == 1
    assert "another run works in" in second.stderr


def run_demo(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workers.demo", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=LONG_S, check=False)
