"""The post office: renders a letter, hands it over, and keeps the record that no letter is handed over twice."""

from email.message import EmailMessage

from buffrsign.core.clock import Clock
from buffrsign.core.logs import get_logger
from buffrsign.jobs.email import Letter
from buffrsign.mail.delivery import Accepted, DeliveryUncertain, Envelope, MailDeferred, Mailer, MailRefused
from buffrsign.mail.letters import Letters, RenderedLetter
from buffrsign.mail.message import as_message
from buffrsign.mail.record import AlreadyAccepted, AlreadyRefused, Claimed, DeliveryRecord, Ended, State, Uncertain
from buffrsign.mail.unsubscribe import UnsubscribeLinks

URGENT_KINDS = frozenset({"email.signature_request", "email.one_time_code"})
"""Letters that somebody waits for: they never stand behind a bulk of others."""

UNSUBSCRIBABLE_KINDS = frozenset({"email.signature_reminder"})

log = get_logger(__name__)


class PostOffice:
    """Where a task brings its letters."""

    def __init__(
        self,
        letters: Letters,
        *,
        mailer: Mailer,
        record: DeliveryRecord,
        clock: Clock,
        unsubscribe: UnsubscribeLinks | None = None,
    ) -> None:
        self._letters = letters
        self._mailer = mailer
        self._record = record
        self._clock = clock
        self._unsubscribe = unsubscribe

    def deliver(self, job: Letter) -> Accepted | AlreadyAccepted | Uncertain:
        """Hand the letter over, unless that was done before or may have been.

        The claim is written when the server has agreed to the addresses, just before the message: until then every
        failure is harmless, and from then on a crash leaves a trace.

        Raises:
            MailDeferred: the server is away or said 4xx; it has not taken the letter.
            MailRefused: it said 5xx, now or to an earlier job for the same letter; or an address is none.
            RateSpent, NoConnectionFree: it is too early; the letter keeps its place.
        """
        ended = self._record.ended(job)
        if ended is not None:
            return _answer(ended)
        letter = self._letters.render(job)
        message = self._write(job, letter)
        with self._address(job, letter) as envelope:
            claim = self._record.claim(job, host=envelope.host)
            if not isinstance(claim, Claimed):
                return _answer(claim)
            return self._hand_over(job, envelope, message)

    def was_handed_over(self, job: Letter) -> bool:
        """Whether a mail server has taken this letter, or may have; `deliver` then says so and sends nothing."""
        return isinstance(self._record.ended(job), AlreadyAccepted | Uncertain)

    def _write(self, job: Letter, letter: RenderedLetter) -> EmailMessage:
        try:
            return as_message(letter, date=self._clock(), unsubscribe=self._unsubscribe_url(job))
        except MailRefused as error:
            self._record.turned_away(job, State.REFUSED, host=error.host, response=error.response)
            raise

    def _unsubscribe_url(self, job: Letter) -> str | None:
        if self._unsubscribe is None or job.document_id is None or job.kind not in UNSUBSCRIBABLE_KINDS:
            return None
        return self._unsubscribe.url(document_id=job.document_id, person=job.recipient.person)

    def _address(self, job: Letter, letter: RenderedLetter) -> Envelope:
        try:
            return self._mailer.address(
                sender=letter.from_address,
                recipient=letter.to.email,
                urgent=job.kind in URGENT_KINDS,
                letter=job.job_id,
            )
        except (MailDeferred, MailRefused) as error:
            self._record.turned_away(job, _state_of(error), host=error.host, response=error.response)
            raise

    def _hand_over(self, job: Letter, envelope: Envelope, message: EmailMessage) -> Accepted | Uncertain:
        try:
            accepted = envelope.send(message)
        except DeliveryUncertain as error:
            self._record.settle(job, State.UNCERTAIN, host=error.host, response=error.response)
            log.warning("letter became uncertain", host=error.host)
            return Uncertain(error.host)
        except (MailDeferred, MailRefused) as error:
            self._record.settle(job, _state_of(error), host=error.host, response=error.response)
            raise
        self._record.settle(job, State.ACCEPTED, host=accepted.host, response=accepted.response)
        log.info("letter handed over", host=accepted.host)
        return accepted


def _state_of(error: MailDeferred | MailRefused) -> State:
    return State.DEFERRED if isinstance(error, MailDeferred) else State.REFUSED


def _answer(ended: Ended) -> AlreadyAccepted | Uncertain:
    log.info("letter was not handed over again", reason=type(ended).__name__)
    if isinstance(ended, AlreadyRefused):
        raise MailRefused(
            f"{ended.host} refused this letter to an earlier job; ask for a new round once the cause is gone",
            host=ended.host,
        )
    return ended
