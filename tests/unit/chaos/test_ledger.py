"""The chaos run's ledger keeps every line, repeats included, whoever writes them."""

import os
from pathlib import Path

from tests.chaos.ledger import Accepted, Cancelled, Fault, Ledger, read


def entry(subject: str) -> Accepted:
    return Accepted(at=1, job=f"job-{subject}", subject=subject, shape="quick")


def test_the_same_fact_twice_is_kept_twice(tmp_path: Path):
    ledger = Ledger(tmp_path)

    ledger.write(entry("a"))
    ledger.write(entry("a"))

    assert list(read(tmp_path)) == [entry("a"), entry("a")]


def test_a_forked_child_writes_a_file_of_its_own(tmp_path: Path):
    ledger = Ledger(tmp_path)
    ledger.write(entry("a"))

    child = os.fork()
    if child == 0:
        ledger.write(entry("b"))
        os._exit(0)
    os.waitpid(child, 0)

    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    assert {line.subject for line in read(tmp_path) if isinstance(line, Accepted)} == {"a", "b"}


def test_all_facts_about_one_subject_are_in_one_shard_and_faults_in_each(tmp_path: Path):
    ledger = Ledger(tmp_path)
    fault = Fault(at=2, since=1, kind="kill", processes=(1,))
    for number in range(20):
        ledger.write(entry(str(number)))
        ledger.write(Cancelled(at=2, job=f"job-{number}", subject=str(number)))
    ledger.write(fault)

    shards = [list(read(tmp_path, shard=shard, shards=3)) for shard in range(3)]

    assert sum(map(len, shards)) == 43
    for shard in shards:
        assert fault in shard
        subjects = [line.subject for line in shard if isinstance(line, Accepted | Cancelled)]
        assert all(subjects.count(subject) == 2 for subject in subjects)
