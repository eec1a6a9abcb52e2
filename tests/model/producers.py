"""Rules of those who publish, cancel, move and purge jobs, and decide on dead ones."""

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from buffrsign.broker import keys
from buffrsign.broker.records import State
from tests.model.laws import Step, expect
from tests.model.stage import FEW, HOUR_MS, MINUTE_MS, PICK, Stage, choose
from tests.model.world import LISTS, QUEUES, WAITING, Message, decode

TENANTS = st.sampled_from(["", "", "a", "b", "c"])


class Producers(Stage):
    """Producers, Celery, stock Celery, and people."""

    # -- publishing ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.live() < FEW)
    @rule(
        queue=st.sampled_from(QUEUES),
        delay=st.sampled_from([0, 0, 0, 1000, HOUR_MS]),
        key=st.sampled_from(["", "", "k1", "k2"]),
        expires=st.sampled_from(["", "", "", MINUTE_MS]),
        missed=st.sampled_from([("", ""), ("", ""), ("skip", ""), ("once", "s1")]),
        bound=st.sampled_from([1000, 1000, 1]),
        tenant=TENANTS,
        again=st.booleans(),
    )
    def publish(
        self,
        queue: str,
        delay: int,
        key: str,
        expires: int | str,
        missed: tuple[str, str],
        bound: int,
        tenant: str,
        again: bool,
    ) -> None:
        job_id, world = self.new_id(queue), self.world
        arguments = [
            job_id,
            "model.job",
            queue,
            body_of(job_id, delay, tenant),
            delay,
            "",
            key,
            "print",
            "1",
            bound,
            expires,
            *missed,
            "",
            "",
            "",
            queue,
            tenant,
            "",
            body_is(delay),
        ]
        ready = len(world.waiting_in(queue))
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
    @rule(
        queue=st.sampled_from(QUEUES),
        delay=st.sampled_from([0, 0, 1000, HOUR_MS]),
        wanted=st.lists(st.sampled_from(["", "", "k1", "k2", "same id"]), min_size=1, max_size=4),
        bound=st.sampled_from([1000, 1000, 2]),
        tenant=TENANTS,
        again=st.booleans(),
    )
    def publish_many(self, queue: str, delay: int, wanted: list[str], bound: int, tenant: str, again: bool) -> None:
        """Each of the bulk is new, has a key that may be taken, or is the one before it once more."""
        world, standing = self.world, dict(self.world.uniques)
        lines: list[tuple[str, str]] = []
        stands: list[str] = []
        for each in wanted:
            if each == "same id":
                lines.append(lines[-1] if lines else (self.new_id(queue), ""))
            else:
                lines.append((self.new_id(queue), each))
            job_id, key = lines[-1]
            stands.append(job_id if job_id in stands else standing.setdefault(key, job_id) if key else job_id)
        new = list(
            dict.fromkeys(job_id for (job_id, _key), stand in zip(lines, stands, strict=True) if job_id == stand)
        )
        ready = len(world.waiting_in(queue))
        where = [queue, tenant, ""]
        arguments: list[str | bytes | int] = [
            queue,
            delay,
            "",
            "print",
            "1",
            bound,
            "",
            "",
            "",
            "",
            *where,
            body_is(delay),
            "" if (is_mixed := len(lines) % 2 == 0) else "model.job",
        ]
        for job_id, key in lines:
            arguments += [job_id, body_of(job_id, delay, tenant), *(["model.job"] if is_mixed else []), key]

        looks_new = sum(key not in world.uniques for _job_id, key in lines)  # one that comes twice is counted twice
        fits = delay or not looks_new or ready + looks_new <= bound
        if fits:
            self.believed.accepted |= set(new)
        answer = self.call("publish_many", *arguments, jobs=set(new))

        if not fits:
            expect(answer[0] == b"full" and not set(new) & self.world.records.keys(), "a full queue refuses", answer)
            return
        self._expect_bulk(answer, lines, stands, seen=set())
        if again:
            repeated = self.call("publish_many", *arguments, jobs=set(new))
            self._expect_bulk(repeated, lines, stands, seen=set(new))

    def _expect_bulk(
        self, answer: list[bytes], lines: list[tuple[str, str]], stands: list[str], seen: set[str]
    ) -> None:
        flags, duplicates = "", []
        for (job_id, _key), stand in zip(lines, stands, strict=True):
            is_new = job_id == stand and job_id not in seen
            flags += "1" if is_new else "0"
            duplicates += [] if is_new else [stand.encode()]
            seen.add(job_id)
        expect(answer == [b"accepted", flags.encode(), *duplicates], "each of a bulk is accepted once", answer)

    @precondition(lambda self: self.live() < FEW)
    @rule(place=st.sampled_from(LISTS), delay=st.sampled_from([0, 0, HOUR_MS]), again=st.booleans())
    def celery_publishes(self, place: str, delay: int, again: bool) -> None:
        job_id = self.new_id(place)
        self.believed.accepted.add(job_id)
        due = self.world.now + delay if delay else ""
        for number in range(1 + again):
            self.put(Message(job_id, 0), place, due, accepted=number == 0)

    @precondition(lambda self: self.live() < FEW)
    @rule(place=st.sampled_from(LISTS), copies=st.sampled_from([1, 2]))
    def a_stock_producer_pushes(self, place: str, copies: int) -> None:
        job_id = self.new_id(place)
        self.believed.accepted.add(job_id)
        if copies > 1:
            self.believed.doubled.add(job_id)
        self.scripts.client.lpush(place, *[Message(job_id, 0).encode()] * copies)
        self.scripts.look(Step("stock"))

    # -- changing one's mind ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.records)
    @rule(
        pick=PICK,
        how=st.sampled_from(["stop", "stop", "cancel", "reschedule", "reschedule", "purge", "look"]),
        delay=st.sampled_from([0, 1000, HOUR_MS]),
        many=st.sampled_from([1, 1000]),
    )
    def somebody_changes_their_mind(self, pick: int, how: str, delay: int, many: int) -> None:
        if how == "purge":
            self.purge(LISTS[pick % len(LISTS)], many)
        elif how == "reschedule" and self.world.schedule:
            self.reschedule(pick, delay)
        elif how == "look" and self.world.schedule:
            self.look_at(choose(self.world.schedule, pick))
        else:
            self.cancel(pick, how == "stop")

    def cancel(self, pick: int, running: bool) -> None:
        runs = {run.job_id for run in self.runs}
        job_id = choose(runs, pick) if running and runs else self.a_live_job(pick)
        state = self.world.state(job_id)
        answer = self.call("cancel", job_id, "1" if running else "", job=job_id)
        expected = b"cancelled" if state in (*WAITING, "ready") else b"asked" if state == "running" and running else b""
        expect(answer == expected, "a job that waits is cancelled, and one that runs is asked", (state, answer))
        if expected == b"cancelled":
            expect(self.world.state(job_id) == State.CANCELLED, "a job that waits is cancelled", job_id)

    def reschedule(self, pick: int, delay: int) -> None:
        job_id = choose(self.world.schedule, pick)
        answer = self.call("reschedule", job_id, delay, "", job=job_id)
        expect(answer == self.world.now + delay == self.world.schedule[job_id], "a job waits for its new time", answer)

    def look_at(self, job_id: str) -> None:
        """Its record is a whole one from then on, and says what it said."""
        before = self.world
        self.call("progress", job_id, "", "")
        was, now_is = ({**of.records[job_id], "message": ""} for of in (before, self.world))
        expect(job_id not in self.world.compact and was == now_is, "a look changes nothing", (was, now_is))

    def purge(self, place: str, many: int) -> None:
        waiting = self.world.waiting_in(place)
        many = many if waiting == self.world.lists.get(place) else max(many, len(waiting))  # else turns say which
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


def body_is(delay: int) -> str:
    """How a producer says what it sends of a job that has to wait, or has not."""
    return "=" if delay else ""


def body_of(job_id: str, delay: int, tenant: str) -> bytes:
    """What a producer sends of it."""
    message = Message(job_id, 0, tenant)
    return message.payload if delay else message.encode()
