import json
from xml.etree import ElementTree as ET

import pytest

from benchmarks.engine.engine import Measure
from benchmarks.engine.engines import ENGINES
from benchmarks.engine.lateness import percentile
from benchmarks.engine.monitor import Seen
from benchmarks.engine.plan import FULL, QUICK, steps
from benchmarks.engine.ratios import summary
from benchmarks.engine.report import as_json, as_table
from benchmarks.engine.sheet import Problem, Sheet
from benchmarks.engine.sides.effect import payload, stamped
from benchmarks.engine.sides.ours_contract import Noop
from benchmarks.engine.svg import bars, curves
from buffrsign.jobs import encode


@pytest.fixture
def sheet() -> Sheet:
    sheet = Sheet()
    for engine, values in {"ours_solo": [9000, 10_000, 11_000], "stock_solo": [2000], "stock_prefork": [1000]}.items():
        for value in values:
            sheet.add("drain_per_s", engine, value)
    sheet.extend("latency", "ours_solo", [1.0] * 99 + [9.0])
    sheet.extend("latency", "stock_solo", [2.0] * 100)
    return sheet


@pytest.mark.parametrize("given", [payload(), stamped(7)])
def test_every_engine_gets_a_payload_of_322_bytes(given):
    assert len(json.dumps(given, separators=(",", ":"))) == 322


def test_our_contract_takes_the_payload_that_everybody_gets():
    assert encode(Noop(**payload())).items() >= payload().items()


def test_ratios_compare_medians_with_the_best_of_stock(sheet):
    ratios = summary(sheet)["ratios"]

    assert (ratios["drain_full_vs_best_stock"], ratios["drain_full_vs_stock_prefork"]) == (5, 10)
    assert ratios["p50_vs_stock"] == 0.5


def test_a_ratio_is_none_where_one_side_was_not_measured(sheet):
    assert summary(sheet)["ratios"]["drain_light_vs_bullmq"] is None


def test_both_latency_ratios_speak_of_the_same_configuration_of_ours(sheet):
    sheet.extend("latency", "ours_light", [4.0] * 100)

    assert summary(sheet)["latency_ms"] == {"p50": 4, "p99": 4}


def test_the_table_says_what_is_missing_and_why(sheet):
    sheet.absent["bullmq"] = "Node or npm is not on the PATH"
    sheet.problems.append(Problem("drain", "huey", "it stood still"))
    sheet.skipped = 3

    table = as_table(sheet, ENGINES)

    assert "absent: bullmq: Node or npm is not on the PATH" in table
    assert "not counted: drain of huey: it stood still" in table
    assert "3 steps were left out" in table


def test_the_json_holds_every_promised_key(sheet):
    found = as_json(sheet, ENGINES, quick=True, proxy={})

    assert found["ratios"].keys() == {
        *("drain_full_vs_best_stock", "drain_full_vs_stock_prefork", "drain_light_vs_bullmq"),
        *("drain_light_vs_best_peer", "drain_results_vs_stock", "drain_vs_stock_at_2ms"),
        *("enqueue_vs_stock", "enqueue_many_vs_best_peer", "p50_vs_stock", "p99_vs_stock"),
    }
    assert found["latency_ms"].keys() == {"p50", "p99"}
    assert found["scheduled"].keys() == {"lateness_p99_ms", "bytes_per_job"}
    assert found["idle"].keys() == {"requests_per_s", "rss_ratio_vs_stock"}
    assert found["peers"].keys() >= {"stock_prefork", "rabbitmq_quorum", "taskiq", "dramatiq", "huey", "bullmq"}


def test_everything_is_measured_once_before_anything_is_measured_again():
    runs = [step.run for step in steps(FULL, ENGINES, frozenset(Measure))]

    assert runs == sorted(runs)
    assert set(runs) == {0, 1, 2}


def test_the_full_plan_has_the_samples_that_were_promised():
    assert FULL.paced * FULL.runs >= 2000
    assert FULL.due_at_once == QUICK.due_at_once == 2000
    assert FULL.scheduled_by_ours == 1_000_000
    assert FULL.drained(next(engine for engine in ENGINES if engine.name == "bullmq")) == 120_000


def test_commands_that_scripts_call_are_not_counted_as_requests():
    seen = Seen(ignored={b"127.0.0.1:9"})

    for line in (
        b'+1339518083.107412 [0 127.0.0.1:60866] "EVALSHA" "ab" "0"',
        b'+1339518083.107413 [0 lua] "RPOP" "email"',
        b'+1339518083.107414 [0 127.0.0.1:9] "LLEN" "email"',
        b'+1339518083.107415 [0 127.0.0.1:60866] "brpop" "email" "1"',
    ):
        seen.add(line)

    assert seen.counts == {b"EVALSHA": 1, b"BRPOP": 1}


def test_a_percentile_lies_between_the_samples():
    assert percentile([1.0, 2.0, 3.0], 50) == 2


def test_plots_are_well_formed_and_escape_their_labels():
    for text in (
        bars("a < b", [("ours & co", 10.0, True), ("others", 0.0, False)], unit="jobs/s"),
        curves("late", {"one": [0.5, 2.0, 300.0], "two": [0.0, 1.0]}, x_label="ms"),
    ):
        assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own text
