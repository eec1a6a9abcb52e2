import io
import json

import pytest
from rich.console import Console

from benchmarks.memory import Cost, as_json, as_table, main
from benchmarks.samples import samples
from benchmarks.states import Place
from buffrsign.producer import payload_of


def cost(state: Place, *, keyed: bool = False, bytes_per_job: float = 1234.5) -> Cost:
    return Cost("redis 7.0.15", "maintenance.canary", keyed, 48, state, jobs=10_000, bytes_per_job=bytes_per_job)


def printed(costs: list[Cost]) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    console.print(as_table(costs))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_the_table_has_a_row_for_each_state_and_a_column_for_each_form():
    lines = printed([cost(Place.READY), cost(Place.READY, keyed=True, bytes_per_job=2000), cost(Place.DEAD)])

    rows = {line.strip().partition("  ")[0]: line.split()[-2:] for line in lines if line.strip()}
    assert rows["its payload"] == ["48", "48"]
    assert rows["ready"] == ["1,234", "2,000"]
    assert rows["dead"] == ["1,234", "-"]
    assert {place.value for place in Place} <= rows.keys()


def test_the_table_says_what_was_measured_on_which_server():
    words = " ".join(" ".join(printed([cost(Place.READY)])).split())

    assert words.startswith("bytes per job, 10,000 jobs, redis 7.0.15")


def test_the_json_holds_every_figure():
    [row] = json.loads(as_json([cost(Place.DONE_LATE, keyed=True)]))

    assert (row["kind"], row["keyed"], row["state"]) == ("maintenance.canary", True, "done late")
    assert (row["server"], row["jobs"], row["bytes_per_job"]) == ("redis 7.0.15", 10_000, 1234.5)


@pytest.mark.parametrize("count", ["0", "-1", "1000001", "many"])
def test_a_count_that_measures_nothing_is_refused(count, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--jobs", count])

    assert ended.value.code == 2
    assert "--jobs" in capsys.readouterr().err


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: f"{sample.name}-{sample.keyed}")
def test_jobs_of_a_form_are_of_one_size_and_each_is_its_own(sample):
    first, second = sample.job(), sample.job()

    assert first.job_id != second.job_id
    assert len(str(payload_of(first))) == len(str(payload_of(second)))
    assert (first.key is not None) == sample.keyed
    assert first.key is None or first.key != second.key


def test_a_form_with_a_key_differs_from_the_one_without_in_as_little_as_can_be():
    letter, keyed_letter, canary, keyed_canary = (sample.job() for sample in samples())

    assert payload_of(letter) == {**payload_of(keyed_letter), "document_id": None}
    assert payload_of(canary) == payload_of(keyed_canary)
    assert len(canary.kind) == len(keyed_canary.kind)
