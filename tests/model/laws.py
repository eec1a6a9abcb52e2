"""The laws of delivery: what holds at every moment, and what one step of a script may change.

Where the jobs are. An id that was accepted is in exactly one of: ready (a list, or the suspects), scheduled, leased,
and ended (done, dead, cancelled); its record says the same. A job that has ended may leave a message behind, as a
cancelled one does; nobody begins it. A message of a try that is over counts for nothing.

The counters. For each queue: enqueued + requeued = done + dead + cancelled + the records that have not ended. Started,
retried, postponed and crashed are the sums of the records' own starts, failures, postponed and crashes, and of what the
records were made to forget: a run that was given back spends no attempt, and a requeued letter is a new job.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from buffrsign.broker import keys
from buffrsign.broker.records import State
from tests.model.world import FINAL, WAITING, World, decode, holder_of, payload_of


class Violation(AssertionError):
    """A law did not hold; `law` names it."""

    def __init__(self, law: str, detail: str) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law


def expect(holds: object, law: str, detail: object = "") -> None:
    """Raise a Violation of this law unless it holds."""
    if not holds:
        raise Violation(law, str(detail))


@dataclass(frozen=True)
class Step:
    """One call of a script: the leases that it may end, the jobs it speaks of, what it acknowledges (lease → job).

    `ended` are jobs that it says are done.
    """

    script: str
    leases: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    acknowledged: dict[str, str] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()

    @property
    def looks(self) -> bool:
        """Whether it takes back what ran out."""
        return self.script in ("reserve", "promote", "renew")

    @property
    def promotes(self) -> bool:
        """Whether it promotes what is due."""
        return self.script in ("reserve", "promote")


@dataclass
class Believed:
    """What the model knows beyond the broker: `doubled` jobs were published twice by a producer that could not know."""

    accepted: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    forgotten: Counter[str] = field(default_factory=Counter)


# -- at every moment ---------------------------------------------------------------------------------------------------


def every_record_is_whole(world: World, _believed: Believed) -> None:
    for job_id, record in world.records.items():
        lacks = {"kind", "queue", "state", "enqueued_at", "ready_at"} - record.keys()
        expect(not lacks, "every record is whole", f"{job_id} lacks {sorted(lacks)}")


def every_job_is_in_exactly_one_place(world: World, believed: Believed) -> None:
    copies = world.copies()
    for job_id in believed.accepted:
        state, here, scheduled = world.state(job_id), copies[job_id], job_id in world.schedule
        law = "every job is in exactly one place"
        detail = f"{job_id} is {state}, with {here} messages, scheduled: {scheduled}"
        if state in FINAL:
            expect(not scheduled, law, detail)
        elif state in WAITING:
            expect(scheduled and (here == 0 or job_id in believed.doubled), law, detail)
        else:
            expect(not scheduled and (here == 1 or (here > 1 and job_id in believed.doubled)), law, detail)
    expect(world.schedule.keys() <= believed.accepted, "nothing is scheduled that nobody published", world.schedule)
    expect(copies.keys() <= believed.accepted, "no message is invented", copies)


def every_record_agrees_with_its_place(world: World, believed: Believed) -> None:
    law = "every record agrees with its place"
    for job_id, record in world.records.items():
        state, waits = record["state"], record["state"] in WAITING
        expect(("message" in record) == waits, law, f"{job_id} is {state}, its record has {sorted(record)}")
        if waits:
            expect(world.schedule[job_id] == int(record["ready_at"]), law, f"{job_id} is due at another time")
            kept = decode(record["message"].encode())
            tries = world.number(job_id, "retries")
            later = job_id in believed.doubled and kept.retries > tries  # left of a life before it was requeued
            expect(kept.job_id == job_id and (kept.retries == tries or later), law, f"{job_id}: {kept}")
        if state == State.RUNNING:
            expect(world.has_begun(record.get("lease", ".0")), law, f"{job_id} runs without a lease that is held")
        else:
            expect("lease" not in record, law, f"{job_id} is {state} and has a lease")
        series = record.get("series")
        if series:
            due = world.schedule[job_id] if waits else None
            expect(world.series.get(series, {}).get(job_id) == due, law, f"{job_id} is {state} and in its series")


def a_held_job_is_the_one_that_was_leased(world: World, _believed: Believed) -> None:
    for lease in world.leases:
        holder = holder_of(lease)
        expect(holder in world.holders, "every lease has a holder whose time runs", lease)


def a_message_has_its_own_jobs_payload(world: World, _believed: Believed) -> None:
    kept = [record["message"].encode() for record in world.records.values() if "message" in record]
    for message in [*world.messages(), *kept]:
        payload = payload_of(message)
        expect(
            payload is None or payload["of"] == decode(message).job_id, "a message has its own job's payload", message
        )


def what_ended_is_listed_and_a_letter_is_whole(world: World, _believed: Believed) -> None:
    ended = {job_id for job_id, record in world.records.items() if record["state"] in FINAL}
    expect(ended <= world.ended.keys(), "whatever ended is listed", ended - world.ended.keys())
    expect(world.dead.keys() == world.letters.keys(), "dead letters are listed", (world.dead, world.letters))
    for job_id, letter in world.letters.items():
        whole = (
            decode(letter[b"message"]).job_id == job_id and {b"reason", b"error", b"worker", b"queue"} <= letter.keys()
        )
        expect(whole and world.state(job_id) == State.DEAD, "a dead letter is whole", f"{job_id}: {letter}")


def counters_add_up(world: World, believed: Believed) -> None:
    count, sums = world.counters, believed.forgotten.copy()
    for record in world.records.values():
        queue = record["queue"]
        sums[f"{queue}:live"] += record["state"] not in FINAL
        for event, name in COUNTED:
            sums[f"{queue}:{event}"] += int(record.get(name, 0))
    for queue in {record["queue"] for record in world.records.values()}:
        came = count[f"{queue}:enqueued"] + count[f"{queue}:requeued"]
        went = sum(count[f"{queue}:{state}"] for state in FINAL) + sums[f"{queue}:live"]
        expect(came == went, "counters add up", f"{queue}: {came} came, {went} are known of; {dict(count)}")
        for event, _ in COUNTED:
            name = f"{queue}:{event}"
            expect(
                count[name] == sums[name],
                "counters add up",
                f"{name} is {count[name]}, and by the records {sums[name]}",
            )


COUNTED = (("started", "starts"), ("retried", "failures"), ("postponed", "postponed"), ("crashed", "crashes"))


def every_key_expires_or_has_an_owner(world: World, _believed: Believed) -> None:
    law = "every key expires or has an owner"
    expect(not world.strays, law, world.strays)
    for job_id, record in world.records.items():
        waits = record["state"] in WAITING or job_id in world.compact
        for key in filter(None, (keys.record(job_id), record.get("unique"))):
            ttl = world.ttls.get(key)
            if key in world.ttls and (key == keys.record(job_id) or world.uniques.get(_hash_of(key)) == job_id):
                expect(ttl == -1 if waits else ttl != -1, law, f"{key} of a job that is {record['state']}: {ttl}")
    for key_hash, job_id in world.uniques.items():
        key = keys.unique(key_hash)
        is_known = job_id in world.records
        expect(world.records[job_id].get("unique") == key if is_known else world.ttls[key] != -1, law, (key, job_id))
    for holder in world.stops:
        expect(world.ttls[keys.STOP_PREFIX + holder] > 0, law, holder)


def a_key_is_taken_while_its_job_lives(world: World, _believed: Believed) -> None:
    law = "a key is taken while its job lives, and free once it died"
    for job_id, record in world.records.items():
        if "unique" in record:
            taken = world.uniques.get(_hash_of(record["unique"])) == job_id
            if record["state"] not in FINAL:
                expect(taken, law, f"{job_id} is {record['state']}")
            elif record["state"] != State.DONE:
                expect(not taken, law, f"{job_id} is {record['state']}")


def _hash_of(key: str) -> str:
    return key.removeprefix(keys.UNIQUE_PREFIX)


def what_waits_elsewhere_is_counted_and_has_its_turn(world: World, _believed: Believed) -> None:
    law = "what waits for its turn or a limit is counted, and named once where turns are taken"
    found: Counter[str] = Counter()
    for key, messages in world.elsewhere.items():
        is_backlog = key.startswith(keys.BACKLOG_PREFIX)
        place, _, name = key.removeprefix(keys.BACKLOG_PREFIX if is_backlog else f"{keys.HELD}:").partition(":")
        found[f"{keys.BACKLOGGED if is_backlog else keys.HELD} {place}"] += len(messages)
        expect(not is_backlog or world.rings.get(place, []).count(name) == 1, law, (place, name, world.rings))
    expect(found == world.counted_elsewhere, law, (found, world.counted_elsewhere))
    for key, ttl in world.ttls.items():
        expect(ttl >= 0 or not key.startswith((keys.IN_USE_PREFIX, keys.RATE_PREFIX)), law, key)


MOMENT: tuple[Callable[[World, Believed], None], ...] = (
    every_record_is_whole,
    every_job_is_in_exactly_one_place,
    every_record_agrees_with_its_place,
    a_held_job_is_the_one_that_was_leased,
    a_message_has_its_own_jobs_payload,
    what_ended_is_listed_and_a_letter_is_whole,
    counters_add_up,
    every_key_expires_or_has_an_owner,
    a_key_is_taken_while_its_job_lives,
    what_waits_elsewhere_is_counted_and_has_its_turn,
)
