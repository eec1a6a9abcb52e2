"""Rules of workers that do as they should: take, begin, and settle."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from buffrsign.broker.records import State
from tests.model.holder import Holder
from tests.model.laws import expect
from tests.model.stage import HANDS, HOUR_MS, PICK, choose
from tests.model.taking import Taking
from tests.model.world import FINAL, Message, decode


class Workers(Taking):
    """Workers, and Celery in them."""

    @precondition(lambda self: self.something_waits())
    @rule(pick=PICK, credit=st.integers(1, 3), is_lost=st.sampled_from([False] * 5 + [True]))
    def reserve(self, pick: int, credit: int, is_lost: bool) -> None:
        holder = self.holders[pick % HANDS]
        if not holder.runs_alone():
            self.take(holder, credit, is_lost=is_lost)

    @precondition(lambda self: self.something_waits())
    @rule(pick=PICK, credit=st.integers(1, 3), again=st.booleans())
    def a_worker_takes_jobs_and_begins(self, pick: int, credit: int, again: bool) -> None:
        holder = self.holders[pick % HANDS]
        for lease in [] if holder.runs_alone() else self.take(holder, credit):
            self.begin_lease(holder, lease)
            if again and lease in {run.lease for run in self.runs}:
                self.begin_again(holder, lease)

    def something_waits(self) -> bool:
        return bool(self.world.lists or self.world.elsewhere or self.world.suspects or self.world.schedule)

    @precondition(lambda self: self.unbegun())
    @rule(pick=PICK)
    def begin(self, pick: int) -> None:
        lease, holder = choose(self.unbegun(), pick)
        self.begin_lease(holder, lease)

    def begin_again(self, holder: Holder, lease: str) -> None:
        """The answer was lost, so the task asks once more."""
        message = decode(holder.held[lease])
        starts, held = self.world.number(message.job_id, "starts"), self.world.has_begun(lease)
        answer = self.call_begin(lease, message)
        expect((answer[0] == b"begun") == held, "asking again changes nothing", answer)
        expect(self.world.number(message.job_id, "starts") == starts, "a start is counted once", answer)

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, flushes=st.booleans())
    def finish(self, pick: int, flushes: bool) -> None:
        run = self.runs[pick % len(self.runs)]
        if run.holder.begins and run.lease in run.holder.held:
            self.end_soon(self.ends(pick), flushes)
            return
        self.finish_run(run)
        self.acknowledge(run, flushes)

    @precondition(lambda self: self.runs)
    @rule(
        pick=PICK,
        state=st.sampled_from(["retrying", "scheduled"]),
        delay=st.sampled_from([0, 1000, HOUR_MS]),
        flushes=st.booleans(),
        again=st.booleans(),
    )
    def postpone(self, pick: int, state: str, delay: int, flushes: bool, again: bool) -> None:
        run, was = self.ends(pick), self.world
        message = Message(run.job_id, run.retries + 1).encode()
        arguments = [*self.named(run), message, delay, state, "away", run.retries]
        answer = self.call("postpone", *arguments, job=run.job_id, lease=run.lease)
        record = was.records[run.job_id]
        ours = run.lease in was.leases and record["state"] not in FINAL
        ours = ours and run.retries >= int(record.get("retries", 0))
        stopped = ours and record.get("cancel") == "1"
        expect(answer == (was.now + delay if ours and not stopped else 0), "only who holds a job puts it back", answer)
        if ours:
            now_is = State.CANCELLED if stopped else state
            expect(
                self.world.state(run.job_id) == now_is, "a job that was put back waits", self.world.state(run.job_id)
            )
        else:
            same = {k: v for k, v in self.world.records[run.job_id].items() if k != "ready_at"}
            expect(same == {k: v for k, v in record.items() if k != "ready_at"}, "a late word changes nothing", same)
        expect(run.lease not in self.world.leases, "a lease ends with its job", run)
        if again:
            expect(self.call("postpone", *arguments, job=run.job_id, lease=run.lease) == 0, "a word counts once", run)
        self.acknowledge(run, flushes)

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, script=st.sampled_from(["bury", "end"]), flushes=st.booleans())
    def fail(self, pick: int, script: str, flushes: bool) -> None:
        run, was = self.ends(pick), self.world
        words = ["permanent_error", "no mailbox", "worker", ""] if script == "bury" else ["dead", "it failed"]
        answer = self.call(script, *self.named(run), *words, job=run.job_id, lease=run.lease)
        live = was.state(run.job_id) not in FINAL if script == "bury" else was.state(run.job_id) in ("running", "ready")
        ours = run.lease in was.leases and live
        expect(answer == ours, "only who holds a job ends it", (script, answer))
        if ours:
            expect(self.world.state(run.job_id) == State.DEAD, "a job that failed for good is dead", run)
        if ours and script == "bury":
            kept = self.world.letters[run.job_id][b"message"]
            expect(kept == was.leases[run.lease][1], "a dead letter keeps the message as it came", kept)
        expect(run.lease not in self.world.leases, "a lease ends with its job", run)
        self.acknowledge(run, flushes)

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, flushes=st.booleans())
    def a_plain_task_ends_by_its_acknowledgement(self, pick: int, flushes: bool) -> None:
        self.acknowledge(self.ends(pick), flushes)

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, delay=st.sampled_from([0, HOUR_MS]), flushes=st.booleans())
    def celery_retries(self, pick: int, delay: int, flushes: bool) -> None:
        run, was = self.ends(pick), self.world
        if was.runs_by(run.job_id) != run.lease and was.state(run.job_id) not in FINAL:
            self.believed.doubled.add(run.job_id)  # it lost its lease, and publishes beside whoever has the job now
            self.forked.add(run.job_id)
        due = self.world.now + delay if delay else ""
        tries = run.retries + 1
        new = was.state(run.job_id) not in FINAL and tries > int(was.records[run.job_id].get("publication", 0))
        self.put(Message(run.job_id, tries), self.queue_of(run.job_id), due, accepted=new)
        self.acknowledge(run, flushes)
