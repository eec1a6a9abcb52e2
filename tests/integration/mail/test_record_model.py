"""Whatever tries, crashes, reports and people do to a letter in whatever order, it is sent no oftener than allowed."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from buffrsign.core.clock import utc_now
from buffrsign.core.ids import new_ulid
from buffrsign.mail.doubts import Doubts, NotUncertain
from buffrsign.mail.record import Claimed, DeliveryRecord
from buffrsign.mail.states import Event, State
from tests.support.database import migrated_database
from tests.support.mail import REQUEST
from tests.support.mail_records import HOST, message_id_of, report_of

JOBS = [msgspec.structs.replace(REQUEST, job_id=new_ulid()) for _ in range(2)]
ENDS = [State.ACCEPTED, State.DEFERRED, State.BOUNCED, State.UNCERTAIN]
KNOWN = {State.ACCEPTED, State.BOUNCED, State.COMPLAINED}


class OneLetter(RuleBasedStateMachine):
    """One letter, two jobs that ask for it, and everybody who may say something about it."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        folder = self._open.enter_context(tempfile.TemporaryDirectory())
        database = self._open.enter_context(migrated_database(Path(folder)))
        self.record, self.doubts = DeliveryRecord(database, clock=utc_now), Doubts(database, utc_now)
        self.running: list[Claimed] = []
        self.permissions = 0
        self.was_taken = False
        self.message_ids: set[str] = set()

    def teardown(self) -> None:
        self._open.close()

    def state(self) -> State | None:
        found = [delivery for job in JOBS if (delivery := self.record.find(job.job_id))]
        return found[0].state if found else None

    @rule(job=st.sampled_from(JOBS))
    def try_to_send(self, job) -> None:
        claim = self.record.claim(job, host=HOST, message_id=message_id_of(job))
        if not isinstance(claim, Claimed):
            return
        assert not self.was_taken, "a letter that a server took goes out again"
        if self.running:
            assert self.permissions, "a letter whose try nobody ended goes out again without a permission"
        self.permissions = 0
        self.running.append(claim)
        self.message_ids.add(claim.message_id)

    @rule(job=st.sampled_from(JOBS), resend=st.booleans())
    def look(self, job, resend) -> None:
        self.record.ended(job, resend=resend)

    @rule(job=st.sampled_from(JOBS), state=st.sampled_from([State.DEFERRED, State.BOUNCED, State.SUPPRESSED]))
    def be_turned_away(self, job, state) -> None:
        was = self.state()
        self.record.not_sent(job, state, message_id=message_id_of(job), host=HOST, response="x")
        if was is State.UNCERTAIN and self.state() is state:
            self.running.clear()  # a person allowed this try, and it was turned away: there is no doubt any more
            self.permissions = 0

    @precondition(lambda self: self.running)
    @rule(data=st.data(), end=st.sampled_from(ENDS))
    def hear_the_answer(self, data, end) -> None:
        claim = data.draw(st.sampled_from(self.running))
        is_latest = claim is self.running[-1]
        was = self.state()
        self.record.settle(claim, end, host=HOST, response="x")
        self.was_taken |= end is State.ACCEPTED
        if was in KNOWN:
            assert self.state() is was
        elif end is State.ACCEPTED:
            assert self.state() is State.ACCEPTED
        elif is_latest and end is not State.UNCERTAIN and was in {State.HANDING_OVER, State.UNCERTAIN}:
            self.running.clear()
            self.permissions = 0

    @precondition(lambda self: self.running)
    @rule(event=st.sampled_from(Event))
    def report(self, event) -> None:
        was = self.state()
        self.record.report(report_of(self._first_job(), event))
        self.was_taken |= self.state() is not was
        assert was not in KNOWN or self.state() in KNOWN

    @rule(job=st.sampled_from(JOBS))
    def a_person_allows_it(self, job) -> None:
        try:
            self.doubts.allow_resend(job.job_id, why="x")
        except NotUncertain:
            return
        self.permissions = 1

    @rule(job=st.sampled_from(JOBS), state=st.sampled_from([State.ACCEPTED, State.BOUNCED]))
    def a_person_knows(self, job, state) -> None:
        try:
            self.doubts.settle(job.job_id, state, why="x")
        except NotUncertain:
            return
        self.was_taken = True

    @invariant()
    def one_message_id_is_used(self) -> None:
        assert len(self.message_ids) <= 1

    def _first_job(self):
        [message_id] = self.message_ids
        return next(job for job in JOBS if message_id_of(job) == message_id)


TestOneLetter = OneLetter.TestCase
TestOneLetter.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
