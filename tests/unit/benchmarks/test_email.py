import json
from email import message_from_bytes
from email.policy import default
from xml.etree import ElementTree as ET

import pytest

from benchmarks.email.burst import Burst
from benchmarks.email.letters import rendered
from benchmarks.email.pictures import draw
from benchmarks.email.plan import Way
from benchmarks.email.report import Results, as_json, as_table
from benchmarks.email.sender import WRITERS
from benchmarks.email.sink import Books
from benchmarks.email.stage import Rate


@pytest.fixture
def results() -> Results:
    results = Results(burst=Burst(10_000, 0, 2, 30.0))
    for wall_s in (9.0, 10.0, 30.0):
        results.rates[Way.OURS].append(Rate(1001, wall_s, 5.0))
    results.rates[Way.STDLIB].append(Rate(1001, 5.0, 4.004))
    results.rates[Way.RAW].append(Rate(1001, 1.0, 1.0))
    return results


def test_ratios_are_of_medians_and_have_the_names_that_are_promised(results):
    found = as_json(results, quick=False)

    assert (found["handover_vs_smtplib"], found["handover_vs_smtplib_cpu"]) == (0.5, 0.8)
    assert found["sink_ceiling_ratio"] == 5.0
    assert found["burst"] == {"sent": 10_000, "refused": 0, "peak_connections": 2, "lasted_s": 30.0}
    assert json.dumps(found)


def test_a_ratio_to_what_was_not_measured_is_none():
    assert as_json(Results(), quick=True)["handover_vs_smtplib"] is None


def test_the_table_says_what_does_not_count(results):
    results.problems.append("ours, round 1: waited 10 s for all records")

    assert "not counted: ours, round 1: waited 10 s for all records" in as_table(results)


def test_the_plots_are_svg(results, tmp_path):
    for path in draw(results, tmp_path):
        assert ET.fromstring(path.read_text()).tag.endswith("svg")  # noqa: S314 - our own


@pytest.mark.parametrize("way", WRITERS)
def test_every_loop_builds_the_same_letter(way):
    letter = rendered()

    built = message_from_bytes(WRITERS[way](letter), policy=default)

    text, html = built.iter_parts()
    assert (built["Subject"], built["Message-ID"]) == (letter.subject, letter.message_id)
    assert text.get_content().splitlines() == letter.text.splitlines()
    assert html.get_content().splitlines() == letter.html.splitlines()


def test_the_sink_counts_who_got_a_letter_twice_and_not_the_warm_up():
    books = Books()

    for recipient, message_id in ((b"a@x", b"<1@y>"), (b"b@x", b"<2@y>"), (b"a@x", b"<3@y>"), (b"warm-up-1@x", b"")):
        books.note(recipient, b"Message-ID: " + message_id)

    assert (books.counted().accepted, books.counted().repeated) == (3, 1)
