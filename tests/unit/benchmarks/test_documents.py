import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.documents.contracts import contracts, contracts_in
from benchmarks.documents.encodings import encodings
from benchmarks.documents.processor import SandboxClock, of_ended_programs
from benchmarks.documents.report import Results, absent, as_json, as_table, judge
from benchmarks.documents.ways import PROGRAMS, Took, Void, Way, check, in_a_fork, measure, with_bare_pypdfium2
from buffrsign.documents import Inspected, inspect
from buffrsign.documents.sandbox import Sandbox
from tests.support import pictures

BURN = "import time\nbegan = time.process_time()\nwhile time.process_time() < began + 0.05: pass"


@pytest.fixture(scope="module")
def drawn_up() -> list[bytes]:
    """Three contracts; drawing them up takes half a second."""
    return contracts(3)


@pytest.fixture
def results() -> Results:
    results = Results(files=2)
    for sandbox_s in (0.01, 0.012, 0.1):
        seconds = {Way.IN_PROCESS: 0.01, Way.SANDBOX: sandbox_s, Way.FORK: 0.04, Way.PYPDFIUM2: 0.024}
        results.add([{way: Took(wall_s=each, cpu_s=each / 2) for way, each in seconds.items()}] * 2)
    return results


@pytest.fixture
def clock() -> SandboxClock:
    """Of a sandbox that never reads anything."""
    return SandboxClock(Sandbox())


def test_ratios_are_medians_of_rounds_and_have_the_names_that_are_promised(results):
    found = as_json(results)

    assert (found["sandbox_vs_in_process"], found["fork_vs_in_process"]) == (1.2, 4.0)
    assert (found["thumbnails_vs_pypdfium2"], found["thumbnails_vs_mutool"]) == (2.0, None)
    assert found["thumbnails"]["sandbox"]["ms_per_file"] == [10.0, 12.0, 100.0]
    assert found["thumbnails"]["sandbox"]["cpu_ms_per_file"] == [5.0, 6.0, 50.0]
    assert json.dumps(found)


def test_a_program_that_is_not_here_is_named(results):
    assert absent(results) == [way.value for way in PROGRAMS]
    assert "absent: mutool" in as_table(results)


def test_a_sandbox_that_costs_too_much_is_a_problem(results):
    judge(results)

    assert "not counted: the sandbox takes 1.2 times" in as_table(results)


def test_a_sandbox_that_is_slower_than_a_bare_loop_is_a_problem(results):
    results.took[Way.PYPDFIUM2] = [Took(0.01, cpu_s / 2) for _, cpu_s in results.took[Way.SANDBOX]]

    judge(results)

    assert any("0.5 times as fast as bare pypdfium2" in problem for problem in results.problems)


def test_what_costs_what_it_may_is_none(results):
    results.took[Way.SANDBOX] = results.took[Way.IN_PROCESS]

    judge(results)

    assert results.problems == []


def test_contracts_differ_and_can_be_read(drawn_up):
    found = [inspect(data) for data in drawn_up]

    assert [each.pages for each in found if isinstance(each, Inspected)] == [2, 2, 3]
    assert len({each.sha256 for each in found if isinstance(each, Inspected)}) == 3


def test_a_folder_gives_its_pdfs_each_once(tmp_path: Path):
    for name, content in (("b.PDF", b"2"), ("a.pdf", b"1"), ("below/again.pdf", b"1"), ("notes.txt", b"3")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    assert contracts_in(tmp_path) == [b"1", b"2"]


def test_a_fork_draws_what_this_process_draws(drawn_up):
    data = drawn_up[0]

    assert in_a_fork(data) == pictures.thumbnail(data)


def test_a_bare_loop_draws_a_png_of_the_same_size(drawn_up):
    data = drawn_up[0]

    with Image.open(BytesIO(with_bare_pypdfium2(data)), formats=["PNG"]) as picture:
        assert picture.size == pictures.opened(pictures.thumbnail(data)).size


def test_another_picture_is_no_measurement(clock):
    with pytest.raises(Void):
        measure({Way.SANDBOX: lambda _: b"other"}, b"a file", b"the right one", clock)
    with pytest.raises(Void):
        check(Way.MUTOOL, b"no PNG", b"the right one")


@pytest.mark.parametrize(("way", "here_s"), [(Way.PYPDFIUM2, 0.05), (Way.MUTOOL, 0.0)], ids=["ours", "a program"])
def test_what_runs_elsewhere_is_counted_and_what_starting_a_program_takes_here_is_not(clock, way, here_s):
    picture = BytesIO()
    Image.new("L", (256, 1)).save(picture, format="PNG")

    def burn_here_and_there(_: bytes) -> bytes:
        subprocess.run([sys.executable, "-S", "-c", BURN], check=True)
        exec(BURN, {})  # noqa: S102 - the same work as there
        return picture.getvalue()

    before = of_ended_programs()
    took = measure({way: burn_here_and_there}, b"a file", b"", clock)[way]

    there_s = of_ended_programs() - before
    assert there_s >= 0.05
    assert there_s + here_s <= took.cpu_s < there_s + here_s + 0.04


def test_every_setting_is_measured_and_the_chosen_ones_are_marked(drawn_up):
    found = list(encodings(drawn_up[:1], sizes=["thumbnail"]))

    assert {each.name for each in found if each.chosen} == {"PNG, level 3", "WebP, method 2"}
    assert all(each.ms > 0 and each.bytes > 0 for each in found)
