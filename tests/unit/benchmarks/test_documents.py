import json

import pytest

from benchmarks.documents.contracts import contracts
from benchmarks.documents.report import Results, as_json, as_table, judge
from benchmarks.documents.ways import Void, Way, in_a_fork, measure
from buffrsign.documents import Inspected, Thumbnail, inspect, render_thumbnail


@pytest.fixture
def results() -> Results:
    results = Results(files=2)
    for sandbox_s in (0.01, 0.012, 0.1):
        results.add([{Way.IN_PROCESS: 0.01, Way.SANDBOX: sandbox_s, Way.FORK: 0.04}] * 2)
    return results


def test_ratios_are_medians_of_rounds_and_have_the_names_that_are_promised(results):
    found = as_json(results)

    assert (found["sandbox_vs_in_process"], found["fork_vs_in_process"]) == (1.2, 4.0)
    assert found["thumbnails"]["sandbox"]["ms_per_file"] == [10.0, 12.0, 100.0]
    assert json.dumps(found)


def test_a_sandbox_that_costs_too_much_is_a_problem(results):
    judge(results)

    assert "not counted: the sandbox takes 1.2 times" in as_table(results)


def test_a_sandbox_that_costs_what_it_may_is_none(results):
    results.seconds[Way.SANDBOX] = results.seconds[Way.IN_PROCESS]

    judge(results)

    assert results.problems == []


def test_contracts_differ_and_can_be_read():
    found = [inspect(data) for data in contracts(3)]

    assert [each.pages for each in found if isinstance(each, Inspected)] == [2, 2, 3]
    assert len({each.sha256 for each in found if isinstance(each, Inspected)}) == 3


def test_a_fork_draws_what_this_process_draws():
    [data] = contracts(1)
    drawn = render_thumbnail(data)

    assert isinstance(drawn, Thumbnail)
    assert in_a_fork(data) == drawn.png


def test_another_picture_is_no_measurement():
    with pytest.raises(Void):
        measure({Way.SANDBOX: lambda _: b"other"}, b"a file", b"the right one")
