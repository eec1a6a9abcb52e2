"""What one step may change: each law compares the broker before and after one call of a script."""

from collections import Counter
from collections.abc import Callable

from buffrsign.broker import keys
from buffrsign.broker.limits import MAX_CRASHES, MISSED_AFTER
from buffrsign.broker.records import State
from tests.model.laws import COUNTED, Step, expect
from tests.model.world import FINAL, WAITING, World, decode, holder_of

LEASE_MS = 30_000
_MISSED_MS = MISSED_AFTER.total_seconds() * 1000


def what_ended_stays_ended(before: World, after: World, step: Step) -> None:
    for job_id, record in before.records.items():
        expect(job_id in after.records, "no record is lost", job_id)
        if record["state"] in FINAL and step.script not in ("requeue_dead", "discard_dead"):
            same = all(after.records[job_id].get(name) == record.get(name) for name in ("state", "ended_at", "starts"))
            expect(same, "what ended stays ended", f"{job_id} was {record}, and is {after.records[job_id]}")


def a_start_is_counted_once(before: World, after: World, step: Step) -> None:
    law = "a start is counted once, and not if it is given back"
    for job_id in after.records:
        if step.script == "requeue_dead" and job_id in step.jobs:
            continue
        starts = after.number(job_id, "starts") - before.number(job_id, "starts")
        lease = before.runs_by(job_id) if job_id in before.records else None
        begins = step.script in ("begin", "reserve") and job_id in step.jobs
        begins = begins and (lease is None or (step.looks and lease not in after.leases))
        returns = step.script in ("settle", "leave", "renew") and lease in step.leases - after.leases.keys()
        returns = returns and after.state(job_id) == State.READY
        returns = returns or (step.script == "defer" and lease in step.leases)
        settled = lease in step.leases  # its own holder's word, in the same step, comes before whoever looks
        suspected = lease is not None and not settled and step.looks and died_beside_others(before, lease)
        if suspected and lease not in after.leases:
            again = after.runs_by(job_id) is not None  # by the worker that took it back
            expect(after.state(job_id) == State.CANCELLED or starts == again - 1, law, f"{job_id}: {starts}, suspected")
            continue
        expect(starts == (-1 if returns else starts * begins), law, f"{job_id}: {starts} after {step.script}")
        expect(starts < 2, law, f"{job_id}: {starts} after {step.script}")
        retries = after.number(job_id, "retries") - before.number(job_id, "retries")
        tries = step.script in ("postpone", "put") and job_id in step.jobs
        expect(
            retries == 0 or (tries and retries > 0), "a try is counted when a job is put back", f"{job_id}: {retries}"
        )


def a_crash_is_counted_only_for_a_job_that_ran(before: World, after: World, step: Step) -> None:
    law = "a crash is counted only for a job that had begun by the lease that died"
    for job_id in after.records:
        more = after.number(job_id, "crashes") - before.number(job_id, "crashes")
        if not more or (step.script == "requeue_dead" and job_id in step.jobs):
            continue
        lease = before.runs_by(job_id) if job_id in before.records else None
        died = lease and (
            lease in step.leases
            if step.script == "crashed"
            else step.looks and has_run_out(before, lease) and not died_beside_others(before, lease)
        )
        expect(more == 1 and died, law, f"{job_id}: {more} more, it ran by {lease}")
        crashes = after.number(job_id, "crashes")
        state = after.state(job_id)
        wished = before.records[job_id].get("cancel") == "1"
        again = step.script == "reserve" and after.runs_by(job_id) not in (None, lease)  # whoever took it back began it
        lives = State.RUNNING if again else State.READY
        ends = State.CANCELLED if wished else State.DEAD if crashes >= MAX_CRASHES else lives
        expect(
            state == ends, "a job that crashed runs again alone, until it is buried", f"{job_id}: {state}, not {ends}"
        )


def a_lease_ends_by_its_holders_word_or_its_time(before: World, after: World, step: Step) -> None:
    law = "a lease ends by its own holder's word, or when its time has run out"
    gone = before.leases.keys() - after.leases.keys()
    for lease in gone - step.leases:
        expect(step.looks and has_run_out(before, lease), law, f"{step.script} ended {lease}")
        watched = before.now - before.watched_at <= LEASE_MS / 2
        expect(watched, "nobody loses a lease while nobody could renew it", lease)
    silent = [(expiry, holder) for holder, expiry in before.holders.items() if expiry <= before.now]
    silent = sorted(each for each in silent if after.holders.get(each[1], 0) <= after.now)
    # A heartbeat looks too, but for a holder that is known no more; test_leases.py has both.
    if step.promotes and silent and before.now - before.watched_at <= LEASE_MS / 2:
        expect(silent[0][1] not in after.holders, "a lease that ran out is taken back", after.holders)
    kept = step.acknowledged.keys() & after.leases.keys()
    expect(not kept, "what was acknowledged is not held", kept)
    came = after.leases.keys() - before.leases.keys()
    expect(not came or step.script == "reserve", "only a reserve makes leases", came)


def a_job_that_was_running_and_lost_its_lease_has_crashed(before: World, after: World, step: Step) -> None:
    for lease in before.leases.keys() - after.leases.keys() - step.leases:
        job_id = decode(before.leases[lease][1]).job_id
        if before.has_begun(lease):
            more = after.number(job_id, "crashes") - before.number(job_id, "crashes")
            blamed = not died_beside_others(before, lease)
            expect(more == blamed, "whoever dies with the one job that ran is counted", f"{job_id} ran by {lease}")
            was_put = job_id in suspects_of(after) or after.state(job_id) in FINAL or after.runs_by(job_id)
            expect(was_put or job_id in leased_in(after), "whoever may have killed a worker runs alone", job_id)


def a_job_leaves_the_schedule_at_its_time(before: World, after: World, step: Step) -> None:
    for job_id in before.schedule.keys() - after.schedule.keys() - step.jobs:
        due = before.schedule[job_id]
        expect(
            step.promotes and due <= after.now,
            "no job runs before its time",
            f"{job_id} left {due - after.now} ms early",
        )
        expired = after.now > int(before.records[job_id].get("expires_at", after.now))
        ended = after.state(job_id) == State.CANCELLED
        expect(ended or not expired, "a job that expired in the schedule is not promoted", job_id)
    if step.promotes:
        late = [job_id for job_id, due in after.schedule.items() if due <= after.now]
        expect(not late, "what is due is promoted", late)


def a_job_ends_for_a_cause(before: World, after: World, step: Step) -> None:
    for job_id, record in after.records.items():
        state, was = record["state"], before.state(job_id)
        if state not in FINAL or was in FINAL:
            continue
        if state == State.DONE and job_id in step.ended:
            continue
        lease = before.runs_by(job_id) if job_id in before.records else None
        by_word = {
            State.DONE: step.script == "finish" or (lease is not None and step.acknowledged.get(lease) == job_id),
            State.DEAD: step.script in ("bury", "end", "crashed"),
            State.CANCELLED: step.script in ("begin", "cancel", "end", "postpone", "purge", "crashed")
            or (step.script == "reserve" and before.records.get(job_id, {}).get("cancel") == "1"),
        }
        if by_word[State(state)] and (job_id in step.jobs or lease in step.acknowledged):
            continue
        known = before.records.get(job_id, {})
        expired = after.now > int(known.get("expires_at", after.now))
        missed = "missed" in known and was in WAITING and after.now - int(known["ready_at"]) > _MISSED_MS
        died = lease is not None and has_run_out(before, lease)
        causes = {
            State.CANCELLED: expired or (missed and _another_stands_for_it(before, job_id, known)) or died,
            State.DEAD: died,
        }
        cause = step.looks and causes.get(State(state), False)
        expect(cause, "a job ends for a cause", f"{job_id} was {was}, and is {state} after {step.script}")


def _another_stands_for_it(before: World, job_id: str, known: dict[str, str]) -> bool:
    if known["missed"] == "skip":
        return True
    others = before.series[known["series"]]
    return any(due <= before.now and other > job_id[:0] and other != job_id for other, due in others.items())


def whoever_waits_is_woken(before: World, after: World, step: Step) -> None:
    law = "whoever waits for a queue is woken"
    for name, messages in after.lists.items():
        if step.script != "stock" and len(messages) > len(before.lists.get(name, [])):
            expect(keys.bell(keys.queue_of_list(name)) in after.bells, law, name)
    for queue, suspects in after.suspects.items():
        if len(suspects) > len(before.suspects.get(queue, {})):
            expect(keys.bell(queue) in after.bells, law, f"suspects of {queue}")
    if after.schedule and step.script != "stock":
        job_id = min(after.schedule, key=lambda each: (after.schedule[each], each))
        if before.schedule.get(job_id) != after.schedule[job_id] and job_id in step.jobs:
            expect(keys.SCHEDULE_BELL in after.bells, "whoever waits for the schedule is woken", job_id)


def who_crashed_is_a_suspect(before: World, after: World, step: Step) -> None:
    for job_id in after.records:
        more = after.number(job_id, "crashes") > before.number(job_id, "crashes")
        if more and after.state(job_id) == State.READY:
            among = {decode(m).job_id for messages in after.suspects.values() for m in messages}
            retaken = {decode(m).job_id for _, m in after.leases.values()}
            expect(job_id in among | retaken, "a job that crashed is a suspect", job_id)


def forgotten(before: World, after: World) -> Counter[str]:
    """What records counted before and do not count any more, by queue and event."""
    less: Counter[str] = Counter()
    for job_id, record in before.records.items():
        for event, name in COUNTED:
            less[f"{record['queue']}:{event}"] += max(0, before.number(job_id, name) - after.number(job_id, name))
    return less


def has_run_out(world: World, lease: str) -> bool:
    """Whether the time of this lease's holder is over."""
    return world.holders.get(holder_of(lease), 0) <= world.now


def died_beside_others(world: World, lease: str) -> bool:
    """Whether its holder had begun other jobs too, so that nobody can tell which of them ended it."""
    return has_run_out(world, lease) and sum(world.has_begun(each) for each in world.held_by(holder_of(lease))) > 1


def suspects_of(world: World) -> set[str]:
    """The jobs that wait to run alone."""
    return {decode(message).job_id for messages in world.suspects.values() for message in messages}


def leased_in(world: World) -> set[str]:
    """The jobs that somebody holds."""
    return {decode(message).job_id for _, message in world.leases.values()}


CHANGES: tuple[Callable[[World, World, Step], None], ...] = (
    what_ended_stays_ended,
    a_start_is_counted_once,
    a_crash_is_counted_only_for_a_job_that_ran,
    a_lease_ends_by_its_holders_word_or_its_time,
    a_job_that_was_running_and_lost_its_lease_has_crashed,
    a_job_leaves_the_schedule_at_its_time,
    a_job_ends_for_a_cause,
    whoever_waits_is_woken,
    who_crashed_is_a_suspect,
)
