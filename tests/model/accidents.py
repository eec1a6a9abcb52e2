"""Rules of what goes wrong, and of time."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model.changes import LEASE_MS
from tests.model.holder import Holder, Run
from tests.model.laws import expect
from tests.model.stage import HANDS, HOUR_MS, MINUTE_MS, PICK, choose
from tests.model.taking import Taking
from tests.model.world import World, decode


class Accidents(Taking):
    """Death, silence, second thoughts, and the clock."""

    # -- accidents -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, goes_on=st.booleans())
    def a_child_is_killed(self, pick: int, goes_on: bool) -> None:
        run, was = self.ends(pick), self.world
        answer = self.call("crashed", run.lease, "it was killed", job=run.job_id, lease=run.lease).decode()
        expected = self.answer_to_crash(was, run)
        expect(answer == expected, "a crash has its consequence", f"{answer}, not {expected}")
        expect(run.lease not in self.world.leases, "a lease ends with its job", run)
        run.holder.forget(run.lease)
        if goes_on and run.holder in self.holders and not run.holder.runs_alone():
            for lease in self.take(run.holder, 2):
                self.begin_lease(run.holder, lease)

    @precondition(lambda self: self.unbegun())
    @rule(pick=PICK)
    def a_child_is_killed_before_it_begins(self, pick: int) -> None:
        lease, holder = choose(self.unbegun(), pick)
        was_held = lease in self.world.leases
        answer = self.call("crashed", lease, "it was killed", leases={lease})
        expect(answer == (b"back" if was_held else b""), "what had not begun goes back", answer)
        holder.forget(lease)

    def answer_to_crash(self, world: World, run: Run) -> str:
        """By what was so before."""
        if run.lease not in world.leases:
            return ""
        if not world.has_begun(run.lease):
            return "back"
        record = world.records[run.job_id]
        if record.get("cancel") == "1":
            return "cancelled"
        return "dead" if int(record.get("crashes", 0)) >= 2 else "suspect"

    @precondition(lambda self: any(holder.unsettled for holder in self.holders))
    @rule(pick=PICK, first=st.sampled_from(["", "stalled begins", "stalled finishes", "other finishes"]))
    def a_worker_stalls_and_another_takes_its_jobs(self, pick: int, first: str) -> None:
        busy = [holder for holder in self.holders if holder.unsettled]
        stalled = busy[pick % len(busy)]
        for _ in range(4):
            self.pass_a_third_of_a_lease(stalled)
        other = next(holder for holder in self.holders if holder is not stalled)
        for lease in [] if other.runs_alone() else self.take(other, 3):
            self.begin_lease(other, lease)
        if first == "stalled begins":
            for lease in [lease for lease, holder in self.unbegun() if holder is stalled]:
                self.begin_lease(stalled, lease)
        elif first:
            whose = stalled if first == "stalled finishes" else other
            for run in [run for run in self.runs if run.holder is whose]:
                self.finish_run(run)

    @precondition(lambda self: self.world.leases)
    @rule(pick=PICK, how=st.sampled_from(["dies", "leaves", "leaves while its tasks run on"]))
    def a_worker_goes(self, pick: int, how: str) -> None:
        busy = [holder for holder in self.holders if self.world.held_by(holder.id)] or self.holders
        holder = busy[pick % len(busy)]
        self.holders.remove(holder)
        if how != "dies":
            self.call("leave", holder.id, leases=self.world.held_by(holder.id))
            expect(not self.world.held_by(holder.id), "who leaves holds nothing", holder.id)
            expect(holder.id not in self.world.holders, "who leaves holds nothing", holder.id)
        if how != "leaves while its tasks run on":
            self.runs = [run for run in self.runs if run.holder is not holder]
        self.hire()

    @precondition(lambda self: any(holder.held for holder in self.holders))
    @rule(pick=PICK, only_unstarted=st.booleans())
    def give_back(self, pick: int, only_unstarted: bool) -> None:
        leases = [(lease, holder) for holder in self.holders for lease in holder.unsettled]
        if leases:
            lease, holder = choose(leases, pick)
            keeps = only_unstarted and self.world.has_begun(lease)
            self.call("settle", 0, "~" + lease if only_unstarted else lease, leases={lease})
            expect((lease in self.world.leases) == keeps, "what is given back is not held", lease)
            if not keeps:
                holder.forget(lease)

    @precondition(lambda self: self.unbegun())
    @rule(pick=PICK, delay=st.sampled_from([1000, HOUR_MS]), until=st.booleans())
    def defer(self, pick: int, delay: int, until: bool) -> None:
        lease, holder = choose(self.unbegun(), pick)
        message, was = decode(holder.held[lease]), self.world
        due, wait = (was.now + delay, 0) if until else ("", delay)
        place = was.leases[lease][0] if lease in was.leases else "email"
        queue = self.queue_of(message.job_id)
        answer = self.call(
            *("defer", message.job_id, "model.job", queue, lease, "", due, wait, "" if until else "unknown", place),
            job=message.job_id,
            lease=lease,
        )
        expect((answer < 0) == (lease not in was.leases), "only who holds a job defers it", answer)
        expect(lease not in self.world.leases, "a lease ends with its job", lease)
        holder.forget(lease)

    # -- time ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.leases or self.world.schedule)
    @rule(ms=st.sampled_from([1, 600, 2500, MINUTE_MS + 1, HOUR_MS]))
    def time_passes_and_nobody_looks(self, ms: int) -> None:
        self.scripts.pass_time(ms)

    @precondition(lambda self: self.world.leases or self.world.schedule)
    @rule(thirds=st.integers(1, 4), silent=st.integers(0, HANDS))
    def time_passes_while_workers_renew(self, thirds: int, silent: int) -> None:
        for _ in range(thirds):
            self.pass_a_third_of_a_lease(self.holders[silent] if silent < HANDS else None)

    def pass_a_third_of_a_lease(self, silent: Holder | None) -> None:
        self.scripts.pass_time(LEASE_MS // 3)
        for holder in self.holders:
            if holder is not silent:
                self.renew(holder)
        self.call("promote", 100, LEASE_MS)

    @precondition(lambda self: self.world.schedule or self.world.leases)
    @rule()
    def promote(self) -> None:
        before = self.world
        moved, gone, next_ms, _ = self.call("promote", 100, LEASE_MS)
        soonest = min(self.world.schedule.values(), default=-1)
        expect(next_ms == (soonest - self.world.now if soonest >= 0 else -1), "the next time is told", next_ms)
        expect(not gone, "no job's message is gone", gone)
        expect(moved <= len(before.schedule), "what is due is promoted", moved)
