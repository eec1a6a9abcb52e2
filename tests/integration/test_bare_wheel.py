"""What another service gets from `pip install buffrsign`: the wheel and its base dependencies, and nothing of ours."""

import json
import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from buffrsign import Producer
from buffrsign.jobs import Queue
from tests.support.broker import KEY_SECRET, TestBroker
from tests.support.programs import START_S, running, worker
from workers.processes import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HEAVY = {"pypdf", "PIL", "jinja2", "fastapi", "cryptography", "sqlalchemy", "pypdfium2", "celery.app"}
LONGEST_IMPORT_S = 0.4

IMPORT = """
import json, sys, time
start = time.perf_counter()
from buffrsign import Producer
print(json.dumps([time.perf_counter() - start, Producer.__module__, sorted(sys.modules)]))
"""

ENQUEUE = """
import json, os, sys
from buffrsign import Producer
from buffrsign.jobs.maintenance import Canary
producer = Producer(os.environ["URL"], key_secret=os.environ["SECRET"])
handle = producer.enqueue(Canary(note="from the bare wheel"), keep_result=True)
print(json.dumps([handle.job_id, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this source tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment that holds the wheel and what it brings."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    program = folder / "bin" / "python"
    subprocess.run([program, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    return program


def run(python: Path, code: str, **environment: str) -> list:
    """What the code prints as JSON, run far from the source tree."""
    command = [str(python), "-I", "-W", "error", "-c", code]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, cwd=python.parent, env={**os.environ, **environment}
    )
    return json.loads(done.stdout)


def heavy_among(modules: list[str]) -> set[str]:
    return {module for module in modules for heavy in HEAVY if module == heavy or module.startswith(f"{heavy}.")}


def test_the_wheel_ships_the_library_and_nothing_else(wheel):
    library = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "buffrsign").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    with ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert shipped == library
    assert {Path(name).suffix for name in shipped} >= {".py", ".lua", ".html", ".txt", ".yaml", ".typed"}
    assert any(name.startswith("buffrsign/core/migrations/versions/") for name in shipped)


def test_importing_the_producer_is_light_and_quick(python):
    runs = [run(python, IMPORT) for _ in range(5)]

    times = [seconds for seconds, _module, _modules in runs]
    print(f"from buffrsign import Producer: median {statistics.median(times) * 1000:.0f} ms")  # noqa: T201
    assert heavy_among(runs[0][2]) == set()
    assert min(times) < LONGEST_IMPORT_S


def test_a_job_enqueued_with_the_bare_wheel_is_run_by_a_worker(
    python, broker: TestBroker, producer: Producer, tmp_path
):
    job_id, modules = run(python, ENQUEUE, URL=broker.broker_url, SECRET=KEY_SECRET)

    with running(broker, tmp_path, {"maintenance": worker(Queue.MAINTENANCE)}):
        result = producer.result(job_id, timeout=START_S)

    assert (result["outcome"], result["note"]) == ("answered", "from the bare wheel")
    assert heavy_among(modules) == set()
