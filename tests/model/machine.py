"""Any life of any jobs: producers, workers that die, stall and lose answers, and people who change their minds.

Every rule calls one script, or a few; after each call all laws are checked. At the end everybody dies, one new worker
comes, and every job must end.
"""

import sys
from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from redis import Redis

from buffrsign.broker import keys
from buffrsign.broker.limits import SUSPECT_WAITS
from buffrsign.broker.records import State
from tests.model.changes import CHANGES, LEASE_MS, forgotten
from tests.model.engine import CLOCK, Engine
from tests.model.holder import Holder, Run
from tests.model.laws import MOMENT, Believed, Step, expect
from tests.model.world import FINAL, LISTS, QUEUES, WAITING, Message, Reader, World, decode
from tests.support.broker import delete_everything

EPOCH_MS = 2_000_000_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
FEW = 4
"""Live jobs at a time: with few, one job meets many accidents."""
HANDS = 3
"""Holders that live at a time."""

PICK = st.integers(0, 11)
_SUSPECT_WAITS_MS = SUSPECT_WAITS.total_seconds() * 1000


class Scripts:
    """Calls scripts, and checks every law after each call."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.client = engine, engine.client
        self._read = Reader(engine.client)
        self.believed = Believed()
        self.steps = 0
        self.first_violation = 0
        self.world = World()

    def begin_anew(self) -> None:
        """An empty broker."""
        delete_everything(self.client)
        self.client.set(CLOCK, EPOCH_MS)
        self.believed = Believed()
        self.world = self._read()

    def __call__(self, name: str, *arguments: Any, step: Step | None = None) -> Any:
        """What the script answers."""
        self.steps += 1
        reply = self.engine(name, *arguments)
        self.look(step or Step(name))
        return reply

    def look(self, step: Step) -> None:
        """Check every law."""
        before, after = self.world, self._read()
        self.world = after
        self.believed.forgotten += forgotten(before, after)
        for law in MOMENT:
            law(after, self.believed)
        for change in CHANGES:
            change(before, after, step)

    def pass_time(self, ms: int) -> None:
        """Move the clock."""
        self.client.set(CLOCK, self.world.now + ms)
        self.world.now += ms


class Lives(RuleBasedStateMachine):
    """A broker under all that may happen to it."""

    def __init__(self, scripts: Scripts) -> None:
        super().__init__()
        self.scripts = scripts
        scripts.begin_anew()
        self.made = 0
        self.holders: list[Holder] = []
        self.runs: list[Run] = []
        self.suspected: set[str] = set()
        self.homes: dict[str, str] = {}  # job → its queue
        for _ in range(HANDS):
            self.hire()

    # -- publishing ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.live() < FEW)
    @rule(
        queue=st.sampled_from(QUEUES),
        delay=st.sampled_from([0, 0, 0, 1000, HOUR_MS]),
        key=st.sampled_from(["", "", "k1", "k2"]),
        expires=st.sampled_from(["", "", "", MINUTE_MS]),
        missed=st.sampled_from([("", ""), ("", ""), ("skip", ""), ("once", "s1")]),
        bound=st.sampled_from([1000, 1000, 1]),
        again=st.booleans(),
    )
    def publish(
        self, queue: str, delay: int, key: str, expires: int | str, missed: tuple[str, str], bound: int, again: bool
    ) -> None:
        job_id, world = self.new_id(queue), self.world
        message = Message(job_id, 0).encode()
        arguments = [job_id, "model.job", queue, message, delay, "", key, "print", "1", bound, expires, *missed, "", "", ""]
        ready = len(world.lists.get(queue, []))
        standing = world.uniques.get(key)

        if not (key and standing) and (delay or ready < bound):
            self.believed.accepted.add(job_id)
        answer = self.call("publish", *arguments, job=job_id)

        if key and standing:
            expect(answer == [b"duplicate", standing.encode()], "a key is taken once", answer)
        elif not delay and ready >= bound:
            expect(answer == [b"full", ready] and job_id not in self.world.records, "a full queue refuses", answer)
        else:
            expect(answer == [b"created", world.now + delay], "a job is accepted", answer)
            if again:
                repeated = self.call("publish", *arguments, job=job_id)
                expect(repeated == [b"duplicate", job_id.encode()], "a job is accepted once", repeated)

    @precondition(lambda self: self.live() < FEW)
    @rule(place=st.sampled_from(LISTS), delay=st.sampled_from([0, 0, HOUR_MS]), again=st.booleans())
    def celery_publishes(self, place: str, delay: int, again: bool) -> None:
        job_id = self.new_id(place)
        self.believed.accepted.add(job_id)
        due = self.world.now + delay if delay else ""
        for number in range(1 + again):
            self.put(Message(job_id, 0), place, due, accepted=number == 0)

    @precondition(lambda self: self.live() < FEW)
    @rule(place=st.sampled_from(LISTS), copies=st.sampled_from([1, 1, 2]))
    def a_stock_producer_pushes(self, place: str, copies: int) -> None:
        job_id = self.new_id(place)
        self.believed.accepted.add(job_id)
        if copies > 1:
            self.believed.doubled.add(job_id)
        self.scripts.client.lpush(place, *[Message(job_id, 0).encode()] * copies)
        self.scripts.look(Step("stock"))

    # -- changing one's mind ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.records)
    @rule(pick=PICK, running=st.booleans())
    def cancel(self, pick: int, running: bool) -> None:
        job_id = self.a_live_job(pick)
        state = self.world.state(job_id)
        answer = self.call("cancel", job_id, "1" if running else "", job=job_id)
        expected = b"cancelled" if state in (*WAITING, "ready") else b"asked" if state == "running" and running else b""
        expect(answer == expected, "a job that waits is cancelled, and one that runs is asked", (state, answer))
        if expected == b"cancelled":
            expect(self.world.state(job_id) == State.CANCELLED, "a job that waits is cancelled", job_id)

    @precondition(lambda self: self.world.schedule)
    @rule(pick=PICK, delay=st.sampled_from([0, 1000, HOUR_MS]))
    def reschedule(self, pick: int, delay: int) -> None:
        job_id = choose(self.world.schedule, pick)
        answer = self.call("reschedule", job_id, delay, "", job=job_id)
        expect(answer == self.world.now + delay == self.world.schedule[job_id], "a job waits for its new time", answer)

    @precondition(lambda self: self.world.lists)
    @rule(place=st.sampled_from(LISTS), many=st.sampled_from([1, 1000]))
    def purge(self, place: str, many: int) -> None:
        waiting = self.world.lists.get(place, [])
        dropped = Counter(decode(message).job_id for message in waiting[-many:])
        left = self.world.copies() - dropped
        self.believed.accepted -= {each for each in dropped if not self.world.state(each) and not left[each]}
        answer = self.call("purge", place, many, jobs=set(dropped))
        expect(answer == len(waiting[-many:]), "a purge says how much it dropped", answer)

    @precondition(lambda self: self.world.letters)
    @rule(pick=PICK, script=st.sampled_from(["requeue_dead", "requeue_dead", "discard_dead"]), is_dry=st.booleans())
    def decide_on_a_dead_letter(self, pick: int, script: str, is_dry: bool) -> None:
        job_id, was = choose(self.world.letters, pick), self.world
        letter = was.letters[job_id]
        fresh = [Message(job_id, 0).encode()] if script == "requeue_dead" else []
        standing = was.uniques.get(letter.get(b"unique", b"").decode().removeprefix(keys.UNIQUE_PREFIX))
        expected = b"discarded" if script == "discard_dead" else b"duplicate" if standing else b"requeued"
        changes = not is_dry and expected != b"duplicate"
        if changes and script == "requeue_dead":
            self.requeued(job_id)
        [reply] = self.call(script, "1" if is_dry else "", job_id, letter[b"died_at"], *fresh, job=job_id)
        expect(reply[0] == expected, "a person decides on a dead letter", reply)
        expect((job_id in self.world.letters) != changes, "a person decides on a dead letter once", reply)

    def requeued(self, job_id: str) -> None:
        """It is a new job under its old id: what was said of the old one counts for nothing, and its copies may run."""
        self.runs = [run for run in self.runs if run.job_id != job_id]
        if any(decode(message).job_id == job_id for message in self.world.messages()):
            self.believed.doubled.add(job_id)

    # -- taking ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.lists or self.world.suspects or self.world.schedule)
    @rule(pick=PICK, credit=st.integers(1, 3), begins=st.booleans(), is_lost=st.sampled_from([False] * 5 + [True]))
    def reserve(self, pick: int, credit: int, begins: bool, is_lost: bool) -> None:
        holder = self.holders[pick % HANDS]
        if not holder.runs_alone():
            taken = self.take(holder, credit, is_lost=is_lost)
            for lease in taken if begins else ():
                self.begin_lease(holder, lease)

    def take(self, holder: Holder, credit: int, *, is_lost: bool = False) -> list[str]:
        """What the holder got, as far as it knows."""
        number, acknowledged = holder.next_number, dict(holder.acknowledged)
        holder.arrived_below, holder.next_number = number, number + credit
        pairs = [part for pair in acknowledged.items() for part in pair]
        arguments = [holder.id, LEASE_MS, credit, number, len(acknowledged), *pairs, *LISTS]
        before = self.world
        reply = self.call("reserve", *arguments, acknowledged=acknowledged)
        _, alone, _, *items = reply
        leases = [lease.decode() for lease in items[::3]]
        self.judge_reserve(holder, before, credit, items, alone == b"1")
        holder.arrived_below = holder.next_number
        if is_lost:
            return []
        holder.forget(*acknowledged)
        holder.held.update(zip(leases, items[2::3], strict=True))
        if alone == b"1":
            holder.alone = leases[0]
        return leases

    def judge_reserve(self, holder: Holder, before: World, credit: int, items: list[bytes], alone: bool) -> None:
        """Whether the answer fits what is leased now, and what may run beside what."""
        world, leases = self.world, {lease.decode() for lease in items[::3]}
        expect(len(leases) <= credit, "no more is given than was asked for", items)
        expect(leases == world.leases.keys() - before.leases.keys(), "what is given is leased", leases)
        for lease, source, message in zip(items[::3], items[1::3], items[2::3], strict=True):
            expect(world.leases[lease.decode()] == (source.decode(), message), "what is given is leased", lease)
        jobs = {decode(message).job_id for message in items[2::3]}
        if alone:
            held = world.held_by(holder.id) - leases
            since = [s for each in before.suspects.values() for m, s in each.items() if m == items[2]]
            expect(len(leases) == 1, "a suspect is delivered alone", items)
            expect(not held or min(since) + _SUSPECT_WAITS_MS <= world.now, "a suspect waits for an idle worker", held)
        else:
            suspects = (jobs & self.suspected) - self.believed.doubled
            stale = {decode(m).job_id for m in items[2::3] if decode(m).retries < world.number(decode(m).job_id, "retries")}
            expect(not suspects - stale, "a suspect is delivered alone", suspects)
            left = [name for name in LISTS if world.lists.get(name)]
            expect(len(leases) == credit or not left, "what is asked for is given", left)
        for name in LISTS:
            unserved = (len(leases) == credit or alone) and world.lists.get(name)
            expect(not unserved or keys.bell(keys.queue_of_list(name)) in world.bells, "whoever waits is woken", name)

    # -- running ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.unbegun())
    @rule(pick=PICK, again=st.sampled_from([False, False, True]))
    def begin(self, pick: int, again: bool) -> None:
        lease, holder = choose(self.unbegun(), pick)
        self.begin_lease(holder, lease)
        if again:
            self.begin_again(holder, lease)

    def begin_lease(self, holder: Holder, lease: str) -> None:
        """The task starts, unless the broker says that it must not."""
        if not holder.may_begin(lease):
            return
        message, before = decode(holder.held[lease]), self.world
        answer = self.call_begin(lease, message)
        expected = self.answer_to_begin(before, lease, message)
        expect(answer[0].decode() == expected, "a task begins only where it may", f"{answer}, not {expected}")
        if expected == "begun":
            self.runs.append(Run(lease, message.job_id, message.retries, holder))
            expect(self.world.runs_by(message.job_id) == lease, "the record says who runs it", lease)
            crashes = self.world.number(message.job_id, "crashes")
            expect(answer[2] == self.world.number(message.job_id, "starts"), "an answer counts the starts", answer)
            expect(answer[4] == crashes, "an answer counts the crashes", answer)
        else:
            holder.acknowledged[lease] = message.job_id
            expect(lease not in self.world.leases, "a delivery that does not begin is over", lease)

    def begin_again(self, holder: Holder, lease: str) -> None:
        """The answer was lost, so the task asks once more."""
        message = decode(holder.held[lease])
        starts, held = self.world.number(message.job_id, "starts"), self.world.has_begun(lease)
        answer = self.call_begin(lease, message)
        expect((answer[0] == b"begun") == held, "asking again changes nothing", answer)
        expect(self.world.number(message.job_id, "starts") == starts, "a start is counted once", answer)

    def call_begin(self, lease: str, message: Message) -> Any:
        arguments = [message.job_id, "model.job", self.queue_of(message.job_id), lease, "worker", message.retries, ""]
        return self.call("begin", *arguments, job=message.job_id, lease=lease)

    def answer_to_begin(self, world: World, lease: str, message: Message) -> str:
        """By what was so before."""
        if lease not in world.leases:
            return "lost"
        record = world.records.get(message.job_id)
        if record is None:
            return "begun"
        if record["state"] in FINAL or message.retries < int(record.get("retries", 0)):
            return record["state"]
        if record["state"] == State.RUNNING:
            return "running"
        expired = world.now > int(record.get("expires_at", world.now))
        return "cancelled" if expired or record.get("cancel") == "1" else "begun"

    @precondition(lambda self: self.runs)
    @rule(pick=PICK, flushes=st.booleans())
    def finish(self, pick: int, flushes: bool) -> None:
        run, was = self.ends(pick), self.world
        answer = self.call("finish", *self.named(run), "done", "{}", job=run.job_id, lease=run.lease)
        was_live = was.state(run.job_id) not in FINAL
        expect(answer == was_live, "the first end stands", answer)
        expect(not was_live or self.world.state(run.job_id) == State.DONE, "a job that is done is done", run)
        expect(run.lease not in self.world.leases, "a lease ends with its job", run)
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
            expect(self.world.state(run.job_id) == now_is, "a job that was put back waits", self.world.state(run.job_id))
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
        due = self.world.now + delay if delay else ""
        tries = run.retries + 1
        new = was.state(run.job_id) not in FINAL and tries > int(was.records[run.job_id].get("publication", 0))
        self.put(Message(run.job_id, tries), self.queue_of(run.job_id), due, accepted=new)
        self.acknowledge(run, flushes)

    # -- accidents -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def a_child_is_killed(self, pick: int) -> None:
        run, was = self.ends(pick), self.world
        answer = self.call("crashed", run.lease, "it was killed", job=run.job_id, lease=run.lease).decode()
        expected = self.answer_to_crash(was, run)
        expect(answer == expected, "a crash has its consequence", f"{answer}, not {expected}")
        expect(run.lease not in self.world.leases, "a lease ends with its job", run)
        run.holder.forget(run.lease)

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

    @precondition(lambda self: self.runs)
    @rule(pick=PICK)
    def a_worker_stalls_and_another_takes_its_jobs(self, pick: int) -> None:
        stalled = self.runs[pick % len(self.runs)].holder
        for _ in range(4):
            self.pass_a_third_of_a_lease(stalled)
        other = next(holder for holder in self.holders if holder is not stalled)
        for lease in [] if other.runs_alone() else self.take(other, 3):
            self.begin_lease(other, lease)

    @precondition(lambda self: self.world.leases)
    @rule(pick=PICK)
    def a_worker_dies(self, pick: int) -> None:
        holder = self.holders.pop(pick % HANDS)
        self.runs = [run for run in self.runs if run.holder is not holder]
        self.hire()

    @precondition(lambda self: self.world.leases)
    @rule(pick=PICK, stalls=st.booleans())
    def a_worker_leaves(self, pick: int, stalls: bool) -> None:
        holder = self.holders.pop(pick % HANDS)
        self.call("leave", holder.id, leases=self.world.held_by(holder.id))
        expect(not self.world.held_by(holder.id), "who leaves holds nothing", holder.id)
        expect(holder.id not in self.world.holders, "who leaves holds nothing", holder.id)
        if not stalls:
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

    @rule(ms=st.sampled_from([1, 600, 2500, MINUTE_MS + 1, HOUR_MS]))
    def time_passes_and_nobody_looks(self, ms: int) -> None:
        self.scripts.pass_time(ms)

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

    def renew(self, holder: Holder) -> None:
        """The heartbeat."""
        before = self.world
        lost = {each for each in before.held_by(holder.id) if each not in holder.held}
        answer = self.call("renew", holder.id, LEASE_MS, holder.arrived_below, *holder.held, leases=lost)
        expect(answer[0] == (holder.id in before.holders), "a heartbeat tells whether leases are held", answer)
        expect(not self.world.held_by(holder.id) - holder.held.keys(), "what was lost on its way goes back", lost)
        if answer[0]:
            until = self.world.holders[holder.id]
            expect(until == self.world.now + LEASE_MS, "a heartbeat renews", until)
        else:
            expect(holder.id not in self.world.holders, "leases that ran out stay so", holder.id)
            holder.forget(*list(holder.held))

    # -- the end ---------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if sys.exception() is None:
                self.everything_ends()
        finally:
            if sys.exception() is not None:
                self.scripts.first_violation = self.scripts.first_violation or self.scripts.steps
            delete_everything(self.scripts.client)

    def everything_ends(self) -> None:
        """Everybody dies; one new worker comes, and every job ends."""
        self.holders, self.runs = [], []
        self.hire()
        worker = self.holders[0]
        for _ in range(20):
            while self.world.holders.keys() - {worker.id}:
                self.scripts.pass_time(LEASE_MS // 2)
                self.renew(worker)
                self.call("promote", 100, LEASE_MS)
            while leases := [] if worker.runs_alone() else self.take(worker, 2):
                for lease in leases:
                    self.begin_lease(worker, lease)
                while self.runs:
                    self.finish(0, flushes=False)  # type: ignore[call-arg]
            if not self.live() and not self.world.leases and not any(self.world.messages()):
                return
            self.scripts.pass_time(HOUR_MS)
        left = {each: self.world.state(each) for each in self.believed.accepted if self.world.state(each) not in FINAL}
        expect(False, "every job ends at last", left or self.world.leases)

    # -- what rules share ------------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        return self.scripts.world

    @property
    def believed(self) -> Believed:
        return self.scripts.believed

    def call(self, script: str, *arguments: Any, job: str = "", lease: str = "", **named: Any) -> Any:
        acknowledged: dict[str, str] = named.get("acknowledged", {})
        leases = frozenset({lease} - {""} | set(named.get("leases", ())) | acknowledged.keys())
        jobs = frozenset({job} - {""} | set(named.get("jobs", ())))
        reply = self.scripts(script, *arguments, step=Step(script, leases, jobs, acknowledged))
        self.note_suspects()
        return reply

    def note_suspects(self) -> None:
        """A job that crashed is a suspect until a run of it has come back."""
        for job_id, record in self.world.records.items():
            if record["state"] in FINAL or record["state"] in WAITING:
                self.suspected.discard(job_id)
        among = {decode(message).job_id for messages in self.world.suspects.values() for message in messages}
        self.suspected |= {each for each in among if self.world.state(each) not in FINAL}

    def put(self, message: Message, place: str, due: int | str, *, accepted: bool) -> None:
        queue = keys.queue_of_list(place)
        arguments = [message.job_id, "model.job", queue, place, message.encode(), due, "0", message.retries]
        if accepted:
            self.suspected.discard(message.job_id)  # its run came back, if only to be put back
        answer = self.call("put", *arguments, job=message.job_id)
        expect(answer == accepted, "each publication is accepted once", (message, answer))

    def acknowledge(self, run: Run, flushes: bool) -> None:
        holder = run.holder
        if run.lease in holder.held:
            holder.acknowledged[run.lease] = run.job_id
        if flushes and holder in self.holders:
            acknowledged = dict(holder.acknowledged)
            pairs = [part for pair in acknowledged.items() for part in pair]
            self.call("settle", len(acknowledged), *pairs, acknowledged=acknowledged)
            holder.forget(*acknowledged)

    def ends(self, pick: int) -> Run:
        return self.runs.pop(pick % len(self.runs))

    def named(self, run: Run) -> list[str]:
        return [run.job_id, "model.job", self.queue_of(run.job_id), run.lease]

    def queue_of(self, job_id: str) -> str:
        return self.homes[job_id]

    def unbegun(self) -> list[tuple[str, Holder]]:
        begun = {run.lease for run in self.runs}
        return [(lease, h) for h in self.holders for lease in h.held if h.may_begin(lease) and lease not in begun]

    def live(self) -> int:
        return sum(self.world.state(job_id) not in FINAL for job_id in self.believed.accepted)

    def a_live_job(self, pick: int) -> str:
        live = [job_id for job_id, record in self.world.records.items() if record["state"] not in FINAL]
        return choose(live or self.world.records, pick)

    def hire(self) -> None:
        self.holders.append(Holder(f"{self.made:016x}"))
        self.made += 1

    def new_id(self, place: str) -> str:
        self.made += 1
        job_id = f"j{self.made:03}"
        self.homes[job_id] = keys.queue_of_list(place)
        return job_id


def choose(candidates: Any, pick: int) -> Any:
    """One of them, always the same for the same pick."""
    ordered = sorted(candidates)
    return ordered[pick % len(ordered)]


def client_of(scripts: Scripts) -> Redis:
    """The broker that the scripts work on."""
    return scripts.client
