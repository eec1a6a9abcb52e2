import json

import pytest

from benchmarks.durability import Measurement, as_json, as_table
from benchmarks.fsyncs import count_fsyncs
from benchmarks.servers import named

TRACE = """\
strace: Process 71 attached with 6 threads
71    fdatasync(12)                     = 0
74    fdatasync(12 <unfinished ...>
71    fsync(3)                          = -1 EBADF (Bad file descriptor)
74    <... fdatasync resumed>)          = 0
71    fdatasync(12)                     = 0
"""


def measured(
    *, appendfsync: str = "everysec", waitaof_ms: float | None = 0.2, fsyncs: int | None = None
) -> Measurement:
    return Measurement("valkey 9.1.2", appendfsync, 0.041, 3.62, waitaof_ms, waits=6, fsyncs=fsyncs)


@pytest.mark.parametrize(
    ("measurement", "verdict"),
    [
        (measured(waitaof_ms=None), None),
        (measured(fsyncs=0), False),
        (measured(fsyncs=6), True),
        (measured(waitaof_ms=0.2), False),
        (measured(waitaof_ms=980), True),
        (measured(appendfsync="always", waitaof_ms=0.4), True),
    ],
)
def test_waitaof_waits_only_where_fsyncs_or_the_clock_show_it(measurement, verdict):
    assert measurement.waitaof_waits is verdict


def test_a_count_is_stronger_than_the_clock():
    assert not measured(waitaof_ms=980, fsyncs=1).waitaof_waits


def test_the_table_has_a_row_for_each_and_says_what_was_not_counted():
    table = as_table([measured(), measured(appendfsync="always", waitaof_ms=None), measured(fsyncs=0)])

    head, uncounted, without, counted = table.splitlines()
    assert head.split("  ")[0] == "server"
    assert uncounted.split()[-3:] == ["not", "counted", "NO"]
    assert without.endswith("has none")
    assert "0.04 ms" in counted
    assert "0 in 6" in counted


def test_the_json_holds_the_figures_and_the_verdict():
    [row] = json.loads(as_json([measured(fsyncs=0)]))

    assert (row["appendfsync"], row["write_ms"], row["fsyncs"], row["waitaof_waits"]) == ("everysec", 0.041, 0, False)


def test_only_fsyncs_that_ended_well_are_counted():
    assert count_fsyncs(TRACE) == 3


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("Valkey server v=9.1.2 sha=0:1 malloc=libc", "valkey 9.1.2"),
        ("Redis server v=7.0.15 sha=0:0", "redis 7.0.15"),
        ("?", "unknown"),
    ],
)
def test_a_server_is_called_by_its_kind_and_version(version, name):
    assert named(version) == name
