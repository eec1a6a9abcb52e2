"""How a worker takes a job and begins it, and its heartbeat: what it is told, and whether that is so."""

from typing import Any

from buffrsign.broker import keys
from buffrsign.broker.limits import SUSPECT_WAITS
from buffrsign.broker.records import State
from tests.model.changes import LEASE_MS
from tests.model.holder import Holder, Run
from tests.model.laws import expect
from tests.model.stage import Stage, told
from tests.model.world import FINAL, LISTS, Message, World, decode

_SUSPECT_WAITS_MS = SUSPECT_WAITS.total_seconds() * 1000


class Taking(Stage):
    """What several rules do with a worker."""

    def take(self, holder: Holder, credit: int, *, is_lost: bool = False) -> list[str]:
        """What the holder got, as far as it knows."""
        number, acknowledged = holder.next_number, dict(holder.acknowledged)
        holder.arrived_below, holder.next_number = number, number + credit
        pairs = [part for pair in acknowledged.items() for part in pair]
        if holder.begins:
            return self.take_begun(holder, credit, number, is_lost=is_lost)
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

    def take_begun(self, holder: Holder, credit: int, number: int, *, is_lost: bool) -> list[str]:
        """As `take`, by a holder that runs its jobs itself: they have begun, and what it did is told on the way."""
        acknowledged, ends, before = dict(holder.acknowledged), dict(holder.ends), self.world
        pairs = [part for pair in acknowledged.items() for part in pair]
        mode = f"{len(acknowledged)} {len(ends)} worker"
        done = {job_id for job_id, _ in ends.values()}
        waiting = {decode(message).job_id for message in before.messages()} | before.records.keys()
        arguments = [holder.id, LEASE_MS, credit, number, mode, *pairs, *told(ends), *LISTS]
        reply = self.call(
            "reserve",
            *arguments,
            acknowledged=acknowledged,
            jobs=waiting,
            leases=set(ends),
            ended=done,
        )
        self.judge_ends(ends)
        _, alone, _, *items = reply
        self.judge_hindrance(before, {lease.decode() for lease in items[::4] if lease.decode() in self.world.leases})
        given = [items[at : at + 4] for at in range(0, len(items), 4)]
        live = [part for each in given if each[3] == b"" or each[3].startswith(b"begun") for part in each[:3]]
        expect(len(given) <= credit, "no more is given than was asked for", given)
        for lease, _, message, answer in given:
            self.judge_answer(lease.decode(), decode(message), answer.decode())
        jobs = {decode(message).job_id for message in live[2::3]} & self.suspected - self.believed.doubled
        expect(alone == b"1" or not jobs or self.are_stale(live), "a suspect is delivered alone", jobs)
        holder.arrived_below = holder.next_number
        if is_lost:
            return []
        holder.forget(*acknowledged, *ends)
        holder.held.update((lease.decode(), message) for lease, message in zip(live[::3], live[2::3], strict=True))
        if alone == b"1" and live:
            holder.alone = live[0].decode()
        for lease, _, message, answer in given:
            if answer.startswith(b"begun") and lease.decode() in holder.held:
                told_of = decode(message)
                self.runs.append(Run(lease.decode(), told_of.job_id, told_of.retries, holder))
        return []

    def are_stale(self, live: list[bytes]) -> bool:
        found = [decode(message) for message in live[2::3]]
        return any(each.retries < self.world.number(each.job_id, "retries") for each in found)

    def judge_answer(self, lease: str, message: Message, answer: str) -> None:
        """Whether a job began if the answer says so, and else is held by nobody, or was left to its worker."""
        if answer.startswith("begun"):
            _, attempt, crashes = answer.split()
            record = self.world.records[message.job_id]
            expect(self.world.runs_by(message.job_id) == lease, "the record says who runs it", lease)
            tries = int(record["starts"]) - int(record.get("postponed", 0))
            expect(int(attempt) == tries, "an answer counts the attempts", (answer, record))
            expect(int(crashes) == int(record.get("crashes", 0)), "an answer counts the crashes", (answer, record))
        elif answer:
            expect(lease not in self.world.leases, "a delivery that does not begin is over", lease)
        else:
            expect(lease in self.world.leases, "what is given is leased", lease)

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
            expect(
                not held or min(since, default=world.now) + _SUSPECT_WAITS_MS <= world.now,
                "a suspect waits for an idle worker",
                held,
            )
        else:
            suspects = (jobs & self.suspected) - self.believed.doubled
            stale = {
                decode(m).job_id for m in items[2::3] if decode(m).retries < world.number(decode(m).job_id, "retries")
            }
            expect(not suspects - stale, "a suspect is delivered alone", suspects)
            left = [name for name in LISTS if world.waiting_in(name) and keys.queue_of_list(name) not in world.paused]
            expect(len(leases) == credit or not left or world.limits, "what is asked for is given", left)
        self.judge_hindrance(before, {lease for lease in leases if lease in world.leases})
        for name in LISTS:
            unserved = (len(leases) == credit or alone) and world.lists.get(name)
            queue = keys.queue_of_list(name)
            expect(
                not unserved or queue in world.paused or keys.bell(queue) in world.bells, "whoever waits is woken", name
            )

    def judge_hindrance(self, before: World, given: set[str]) -> None:
        """Whether pauses and limits were kept by what was given out."""
        sources = {keys.queue_of_list(self.world.leases[lease][0]) for lease in given}
        expect(not sources & before.paused, "a paused queue gives out nothing", sources)
        own = {name: said for name, said in before.limits.items() if not name.endswith("*")}
        each = {f"tenant:{tenant}": before.limits.get("tenant:*", "") for tenant in "abc"}
        for name, said in (each | own).items():
            most, counted = said.partition(" ")[0], self.given_under.setdefault(name, set())
            counted.intersection_update(self.world.leases)
            had = len(counted)
            counted |= given & self.world.under(name) if most else set()
            expect(not most or len(counted) <= max(int(most), had), "a limit is kept", (name, said, counted))

    def begin_lease(self, holder: Holder, lease: str) -> None:
        """The task starts, unless the broker says that it must not."""
        if not holder.may_begin(lease):
            return
        message, before = decode(holder.held[lease]), self.world
        answer = self.call_begin(lease, message)
        expected = self.answer_to_begin(before, lease, message)
        expect(answer[0].decode() == expected, "a task begins only where it may", f"{answer}, not {expected}")
        if expected == "begun":
            beside = [run.lease for run in self.runs if run.job_id == message.job_id and run.lease in self.world.leases]
            expect(not beside or message.job_id in self.forked, "no job runs twice at a time", (lease, beside))
            self.runs.append(Run(lease, message.job_id, message.retries, holder))
            expect(self.world.runs_by(message.job_id) == lease, "the record says who runs it", lease)
            crashes = self.world.number(message.job_id, "crashes")
            expect(answer[2] == self.world.number(message.job_id, "starts"), "an answer counts the starts", answer)
            expect(answer[4] == crashes, "an answer counts the crashes", answer)
        else:
            holder.acknowledged[lease] = message.job_id
            expect(lease not in self.world.leases, "a delivery that does not begin is over", lease)

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

    def finish_run(self, run: Run) -> None:
        """The task says that it is done; its delivery is not acknowledged yet."""
        self.runs.remove(run)
        was = self.world
        answer = self.call("finish", *self.named(run), "done", "{}", job=run.job_id, lease=run.lease)
        was_live = was.state(run.job_id) not in FINAL
        expect(answer == was_live, "the first end stands", answer)
        expect(not was_live or self.world.state(run.job_id) == State.DONE, "a job that is done is done", run)
        expect(run.lease not in self.world.leases, "a lease ends with its job", run)
