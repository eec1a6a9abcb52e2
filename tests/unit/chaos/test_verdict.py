"""The chaos run's verdict finds each kind of harm in a ledger that shows it, and excuses only what has a reason."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.chaos.attribution import Faults
from tests.chaos.ledger import Accepted, AnyEntry, Cancelled, Failed, Fault, Performed, Settled, Started
from tests.chaos.verdict import Findings, Leftovers, judge

WORKER, CHILD, OTHER = 100, 101, 200
LEASE_S = 5.0


def accepted(job: str = "a", *, subject: str = "", **fields: Any) -> Accepted:
    return Accepted(at=0, job=job, subject=subject or job, shape="quick", **fields)


def run(  # one run of a job, as the ledger tells it
    begun: float,
    *,
    job: str = "a",
    subject: str = "",
    performed: float | None = None,
    settled: float | None = None,
    failed: float | None = None,
    process: int = CHILD,
    main: int = WORKER,
    written: float | None = None,
) -> list[AnyEntry]:
    about = {"job": job, "subject": subject or job, "run": f"{job}-{begun}"}
    at = begun if written is None else written
    entries: list[AnyEntry] = [Started(at=at, begun=begun, lease="l.1", process=process, main=main, wall=0, **about)]
    if performed is not None:
        entries.append(Performed(at=performed, **about))
    if settled is not None:
        entries.append(Settled(at=settled, **about))
    if failed is not None:
        entries.append(Failed(at=failed, **about))
    return entries


def fault(kind: str, since: float, until: float, *processes: int) -> Fault:
    return Fault(kind=kind, since=since, at=until, processes=processes)


def verdict(
    entries: Sequence[AnyEntry], *, leftovers: Leftovers | None = None, faults: Sequence[Fault] = ()
) -> Findings:
    return judge(entries, leftovers or Leftovers(), Faults.sort(faults, lease_s=LEASE_S), Findings())


def test_a_job_that_was_performed_once_is_well():
    found = verdict([accepted(), *run(1, performed=2, settled=2)], leftovers=Leftovers(states={"a": "done"}))

    assert (found.jobs, found.runs, found.ends["performed"]) == (1, 1, 1)
    assert not found.evidence


def test_an_accepted_job_without_an_effect_is_lost():
    found = verdict([accepted()], leftovers=Leftovers(states={"a": "ready"}))

    assert (found.lost, found.stuck) == (1, 0)
    assert "a (quick, 0 runs) was accepted and never performed; its record says ready" in found.evidence["lost"]


def test_a_record_that_says_done_is_no_proof_of_an_effect():
    found = verdict([accepted()], leftovers=Leftovers(states={"a": "done"}))

    assert found.lost == 1


def test_a_job_whose_only_run_was_cut_short_is_lost():
    found = verdict([accepted(), *run(1)], faults=[fault("kill", 2, 2, WORKER, CHILD)])

    assert found.lost == 1


def test_a_job_that_still_lies_in_a_list_is_stuck():
    found = verdict([accepted()], leftovers=Leftovers(states={"a": "ready"}, held={"a": "maintenance"}))

    assert (found.lost, found.stuck) == (0, 1)


def test_a_job_that_runs_for_ever_by_its_record_is_stuck():
    found = verdict([accepted(), *run(1, performed=2)], leftovers=Leftovers(states={"a": "running"}))

    assert (found.lost, found.stuck) == (0, 1)


def test_the_run_that_began_first_is_the_former_although_a_pause_kept_it_from_saying_so():
    paused = run(1, written=9, performed=9.1, process=CHILD)
    found = verdict(
        [accepted(), *run(7, performed=7.1, settled=7.1, process=OTHER, main=OTHER), *paused],
        faults=[fault("pause", 1.001, 8.9, CHILD)],
        leftovers=Leftovers(states={"a": "done"}),
    )

    assert (found.unattributed_repeats, found.repeats) == (0, {"pause": 1})


def test_a_run_whose_start_was_counted_before_a_pause_and_noted_after_it_is_the_former():
    paused = run(8.91, performed=9.1, process=CHILD)
    taken_over = run(7, performed=7.1, settled=7.1, process=OTHER, main=OTHER)
    done = Leftovers(states={"a": "done"})

    found = verdict([accepted(), *taken_over, *paused], faults=[fault("pause", 1, 8.9, WORKER, CHILD)], leftovers=done)
    much_later = verdict(
        [accepted(), *taken_over, *paused], faults=[fault("pause", 1, 8.8, WORKER, CHILD)], leftovers=done
    )

    assert (found.unattributed_repeats, found.repeats) == (0, {"pause": 1})
    assert much_later.unattributed_repeats == 1


def test_a_job_that_was_taken_back_is_not_lost():
    found = verdict([accepted(), Cancelled(at=1, job="a", subject="a")])

    assert (found.lost, found.ends["cancelled"]) == (0, 1)


def test_a_job_that_runs_after_it_was_taken_back_is_found():
    found = verdict([accepted(), Cancelled(at=1, job="a", subject="a"), *run(2, performed=3, settled=3)])

    assert found.ran_after_cancel == 1


def test_a_cancellation_without_an_answer_counts_only_if_the_record_says_so():
    unsure = Cancelled(at=1, job="a", subject="a", sure=False)

    assert verdict([accepted(), unsure], leftovers=Leftovers(states={"a": "cancelled"})).lost == 0
    assert verdict([accepted(), unsure], leftovers=Leftovers(states={"a": "ready"})).lost == 1


def test_a_doomed_job_may_be_a_dead_letter_and_no_other_may():
    dead = Leftovers(states={"a": "dead"}, dead={"a": "permanent_error"})

    assert verdict([accepted(doomed=True), *run(1, failed=1)], leftovers=dead).unjust_dead_letters == 0
    assert verdict([accepted(), *run(1, failed=1)], leftovers=dead).unjust_dead_letters == 1


@pytest.mark.parametrize(("kills", "unjust"), [(2, 1), (3, 0)])
def test_a_killer_must_have_killed_three_times(kills: int, unjust: int):
    runs = [entry for number in range(3) for entry in run(10 * number, process=CHILD + number)]
    faults = [fault("child", 10 * number + 1, 10 * number + 1, CHILD + number) for number in range(kills)]
    dead = Leftovers(states={"a": "dead"}, dead={"a": "killed_its_worker"})

    assert verdict([accepted(), *runs], leftovers=dead, faults=faults).unjust_dead_letters == unjust


def test_a_keyed_effect_that_is_had_again_after_its_end_is_found_even_under_another_id():
    first = [accepted("a", subject="s"), *run(1, job="a", subject="s", performed=2, settled=2)]
    second = [accepted("b", subject="s"), *run(3, job="b", subject="s", performed=4, settled=4)]

    assert verdict([*first, *second]).repeated_effects == 1


def test_a_run_that_began_before_the_end_of_another_is_no_repeated_effect():
    paused = fault("pause", 1.5, 8, WORKER, CHILD)
    runs = [*run(1, performed=9), *run(7, performed=7.5, settled=7.5, process=OTHER, main=OTHER)]

    found = verdict([accepted(), *runs], faults=[paused])

    assert (found.repeated_effects, found.unattributed_repeats) == (0, 0)
    assert found.repeats == {"pause": 1}


AGAIN = [accepted(), *run(1, performed=None), *run(9, performed=10, settled=10, process=OTHER, main=OTHER)]


@pytest.mark.parametrize(
    "excuse",
    [
        fault("kill", 2, 2, WORKER, CHILD),
        fault("child", 2, 2, CHILD),
        fault("orphan", 2, 2, WORKER),
        fault("term", 2, 4, WORKER),
        fault("pause", 2, 7, WORKER, CHILD),
        fault("restart", 2, 7),
        fault("deafen", 0, 8),
    ],
    ids=lambda entry: entry.kind,
)
def test_a_repeat_is_excused_by_what_its_own_holder_suffered(excuse: Fault):
    found = verdict(AGAIN, faults=[excuse])

    assert (found.unattributed_repeats, found.repeats[excuse.kind]) == (0, 1)


@pytest.mark.parametrize(
    "no_excuse",
    [
        fault("kill", 2, 2, OTHER),  # another worker
        fault("kill", 0.1, 0.1, WORKER, CHILD),  # before the run
        fault("kill", 9.5, 9.5, WORKER, CHILD),  # after the repeat
        fault("pause", 2, 3, WORKER, CHILD),  # shorter than a lease
        fault("restart", 2, 3),
        fault("drop", 2, 2),  # a running task must not be run again because a connection dropped
        fault("cut", 2, 2),
        fault("latency", 0, 9),
        fault("full", 0, 9),
        fault("ended_by_itself", 2, 2, WORKER),
    ],
    ids=lambda entry: f"{entry.kind}-{entry.since}",
)
def test_a_repeat_is_excused_by_nothing_else(no_excuse: Fault):
    found = verdict(AGAIN, faults=[no_excuse])

    assert (found.unattributed_repeats, sum(found.repeats.values())) == (1, 0)


def test_a_connection_that_dropped_just_when_the_end_was_told_excuses_a_repeat():
    runs = [*run(1, performed=5), *run(9, performed=10, settled=10)]

    assert verdict([accepted(), *runs], faults=[fault("drop", 5.1, 5.1)]).unattributed_repeats == 0
    assert verdict([accepted(), *runs], faults=[fault("drop", 4.0, 4.0)]).unattributed_repeats == 1


def test_a_reported_failure_excuses_one_more_run_and_not_two():
    runs = [*run(1, failed=1), *run(2), *run(3, performed=4, settled=4)]

    found = verdict([accepted(), *runs])

    assert (found.repeats, found.unattributed_repeats) == ({"reported": 1}, 1)


def test_the_time_to_recover_is_from_the_kill_to_the_next_run():
    found = verdict(AGAIN, faults=[fault("kill", 2, 2, WORKER, CHILD)])

    assert found.recovery_s == [7.0]
