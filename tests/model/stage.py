"""What the rules of the model stand on: the broker, its workers, and what everybody believes."""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from buffrsign.broker import keys
from buffrsign.broker.records import State
from tests.model.calls import Scripts
from tests.model.holder import Holder, Run
from tests.model.laws import Believed, Step, expect
from tests.model.world import FINAL, WAITING, Message, World, decode

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
FEW = 4
"""Live jobs at a time: with few, one job meets many accidents."""
HANDS = 3
"""Holders that live at a time."""

PICK = st.integers(0, 11)


class Stage(RuleBasedStateMachine):
    """Who lives, who runs what, and the calls that several rules make."""

    def __init__(self, scripts: Scripts) -> None:
        super().__init__()
        self.scripts = scripts
        scripts.begin_anew()
        self.made = 0
        self.holders: list[Holder] = []
        self.runs: list[Run] = []
        self.suspected: set[str] = set()
        self.forked: set[str] = set()  # a run that had lost its lease put them back by Celery's own hand
        self.homes: dict[str, str] = {}  # job → its queue
        self.given_under: dict[str, set[str]] = {}  # limit → leases that were given out while it was set
        for _ in range(HANDS):
            self.hire()

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
        ended: frozenset[str] = frozenset(named.get("ended", ()))
        reply = self.scripts(script, *arguments, step=Step(script, leases, jobs, acknowledged, ended))
        if script == "postpone" and self.world.state(job) in WAITING:
            self.suspected.discard(job)  # its run came back
        self.note_suspects()
        return reply

    def note_suspects(self) -> None:
        """A job that crashed is a suspect until a run of it has come back."""
        for job_id, record in self.world.records.items():
            if record["state"] in FINAL:
                self.suspected.discard(job_id)
        among = {decode(message).job_id for messages in self.world.suspects.values() for message in messages}
        self.suspected |= {each for each in among if self.world.state(each) not in FINAL}
        beside = {decode(message).job_id for messages in self.world.lists.values() for message in messages}
        stray = (beside & self.suspected) - self.believed.doubled
        stray = {each for each in stray if self.world.state(each) == State.READY and not self.is_stale(each)}
        expect(not stray, "a suspect does not wait among the others", stray)

    def is_stale(self, job_id: str) -> bool:
        """Whether messages of tries that are over lie about."""
        tries = {decode(message).retries for message in self.world.messages() if decode(message).job_id == job_id}
        return min(tries, default=0) < self.world.number(job_id, "retries")

    def put(self, message: Message, place: str, due: int | str, *, accepted: bool) -> None:
        queue = keys.queue_of_list(place)
        arguments = [message.job_id, "model.job", queue, place, message.encode(), due, "0", message.retries]
        if accepted:
            self.suspected.discard(message.job_id)  # its run came back, if only to be put back
        answer = self.call("put", *arguments, job=message.job_id)
        expect(answer == accepted, "each publication is accepted once", (message, answer))

    def end_soon(self, run: Run, flushes: bool) -> None:
        """The job is done, and its holder tells it with its next word to the broker."""
        run.holder.held.setdefault(run.lease, b"")
        run.holder.ends[run.lease] = (run.job_id, self.queue_of(run.job_id))
        if flushes and run.holder in self.holders:
            self.flush_ends(run.holder)

    def flush_ends(self, holder: Holder) -> None:
        ends = dict(holder.ends)
        jobs = {job_id for job_id, _ in ends.values()}
        self.call("settle", f"0 {len(ends)}", *told(ends), leases=set(ends), jobs=jobs, ended=jobs)
        self.judge_ends(ends)
        holder.forget(*ends)

    def judge_ends(self, ends: dict[str, tuple[str, str]]) -> None:
        for lease, (job_id, _) in ends.items():
            expect(lease not in self.world.leases, "a lease ends with its job", lease)
            expect(self.world.state(job_id) in FINAL, "a job that is done is done", job_id)

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
        return str(choose(live or self.world.records, pick))

    def hire(self) -> None:
        self.holders.append(Holder(f"{self.made:016x}", begins=self.made % 2 == 1))
        self.made += 1

    def new_id(self, place: str) -> str:
        self.made += 1
        job_id = f"j{self.made:03}"
        self.homes[job_id] = keys.queue_of_list(place)
        return job_id


def told(ends: dict[str, tuple[str, str]]) -> list[str]:
    """Ends as a holder tells them."""
    return [
        part
        for lease, (job_id, queue) in ends.items()
        for part in (job_id, "model.job", queue, lease, "done", "{}", "told")
    ]


def choose(candidates: Iterable[Any], pick: int) -> Any:
    """One of them, always the same for the same pick."""
    ordered = sorted(candidates)
    return ordered[pick % len(ordered)]
