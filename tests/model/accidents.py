"""Rules of what goes wrong, and of time."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from buffrsign.broker.records import State
from tests.model.changes import LEASE_MS
from tests.model.holder import Holder, Run
from tests.model.laws import expect
from tests.model.stage import HANDS, HOUR_MS, MINUTE_MS, PICK, choose
from tests.model.workers import Workers
from tests.model.world import Message, World, decode


class Accidents(Workers):
    """Death, silence, second thoughts, and the clock."""

    # -- accidents -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, then=st.sampled_from(["", "takes more", "knows no task", "is killed again"]))
    def a_child_is_killed(self, pick: int, then: str) -> None:
        run, was = self.ends(pick), self.world
        answer = self.call("crashed", run.lease, "it was killed", job=run.job_id, lease=run.lease).decode()
        expected = self.answer_to_crash(was, run)
        expect(answer == expected, "a crash has its consequence", f"{answer}, not {expected}")
        expect(run.lease not in self.world.leases, "a lease ends with its job", run)
        run.holder.forget(run.lease)
        if then and run.holder in self.holders and not run.holder.runs_alone():
            for lease in self.take(run.holder, 2):
                if then != "knows no task":
                    self.begin_lease(run.holder, lease)
                else:
                    self.defer_lease(run.holder, lease, 1000, until=False, comes_back=True)
            again = [each for each in self.runs if each.job_id == run.job_id and each.holder is run.holder]
            if then == "is killed again" and again:
                self.a_child_is_killed(self.runs.index(again[0]), then=then)

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
    @rule(
        pick=PICK,
        other_ends=st.sampled_from(["", "first", "last", "last"]),
        late=st.sampled_from(["nothing", "begin", "finish", "finish", "acknowledge", "postpone", "bury", "retry"]),
    )
    def a_worker_stalls_and_another_takes_its_jobs(self, pick: int, other_ends: str, late: str) -> None:
        busy = [holder for holder in self.holders if holder.unsettled]
        stalled = busy[pick % len(busy)]
        for _ in range(4):
            self.pass_a_third_of_a_lease(stalled)
        other = next(holder for holder in self.holders if holder is not stalled)
        for lease in [] if other.runs_alone() else self.take(other, 3):
            self.begin_lease(other, lease)
        if other_ends == "first":
            for run in [run for run in self.runs if run.holder is other]:
                self.finish_run(run)
        if late == "begin":
            for lease in [lease for lease, holder in self.unbegun() if holder is stalled]:
                self.begin_lease(stalled, lease)
        for run in [run for run in self.runs if run.holder is stalled]:
            self.says(run, late)
        for run in [run for run in self.runs if run.holder is other and other_ends == "last"]:
            self.says(run, "bury")

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, word=st.sampled_from(["postpone", "acknowledge", "retry", "nothing"]))
    def a_run_is_asked_to_stop_and_goes_on(self, pick: int, word: str) -> None:
        run = self.runs[pick % len(self.runs)]
        self.call("cancel", run.job_id, "1", job=run.job_id)
        self.says(run, word)

    def says(self, run: Run, word: str) -> None:
        """A run settles its job, and may not know how much time has passed."""
        number = self.runs.index(run)
        match word:
            case "finish":
                self.finish(number, flushes=False)
            case "acknowledge":
                self.acknowledge(self.ends(number), flushes=True)
            case "postpone":
                self.postpone(number, state="retrying", delay=0, flushes=False, again=False)
            case "bury":
                self.fail(number, script="bury", flushes=False)
            case "retry":
                self.celery_retries(number, delay=0, flushes=False)

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
    @rule(pick=PICK, delay=st.sampled_from([1000, HOUR_MS]), until=st.booleans(), comes_back=st.booleans())
    def defer(self, pick: int, delay: int, until: bool, comes_back: bool) -> None:
        lease, holder = choose(self.unbegun(), pick)
        self.defer_lease(holder, lease, delay, until=until, comes_back=comes_back)

    @precondition(lambda self: any(run.holder.begins for run in self.runs))
    @rule(pick=PICK, comes_back=st.booleans())
    def a_worker_knows_no_task_for_what_it_began(self, pick: int, comes_back: bool) -> None:
        """The broker began it when it gave it out; a newer release knows its task."""
        begun = {run.lease: run for run in self.runs if run.holder.begins}
        run = begun[choose(begun, pick)]
        self.runs.remove(run)
        if run.lease in run.holder.held:
            self.defer_lease(run.holder, run.lease, 1000, until=False, comes_back=comes_back)

    def defer_lease(self, holder: Holder, lease: str, delay: int, *, until: bool, comes_back: bool) -> None:
        """The message waits for its own time, or for a worker that knows its task."""
        message, was = decode(holder.held[lease]), self.world
        due, wait = (was.now + delay, 0) if until else ("", delay)
        place = was.leases[lease][0] if lease in was.leases else "email"
        words = [due, wait, "" if until else "no worker knows its task", place]
        names = [message.job_id, "model.job", self.queue_of(message.job_id)]
        answer = self.call("defer", *names, lease, "", *words, job=message.job_id, lease=lease)
        holder.forget(lease)
        self.judge_defer(was, lease, message, answer)
        if comes_back:
            self.scripts.pass_time(delay)
            self.call("promote", 100, LEASE_MS)

    def judge_defer(self, was: World, lease: str, message: Message, answer: int) -> None:
        """Whether the message waits now, and waits only if no other message of its job counts."""
        job_id, held = message.job_id, lease in was.leases
        expect((answer < 0) == (not held), "only who holds a job defers it", answer)
        expect(lease not in self.world.leases, "a lease ends with its job", lease)
        record = was.records.get(job_id, {"state": "ready"})
        is_its = record["state"] == State.READY or was.has_begun(lease)
        counts = is_its and message.retries >= int(record.get("retries", 0))
        now_is = State.SCHEDULED if held and counts else was.state(job_id)
        expect(self.world.state(job_id) == now_is, "a copy of a message is not deferred", (job_id, record))

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
