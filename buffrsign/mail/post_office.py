"""The post office: renders a letter, hands it over, and keeps the record that no letter is handed over twice."""

from dataclasses import dataclass, replace
from email.message import EmailMessage

from buffrsign.core.clock import Clock
from buffrsign.core.logs import get_logger
from buffrsign.jobs.email import Letter
from buffrsign.mail.delivery import (
    Accepted,
    DeliveryUncertain,
    Envelope,
    MailDeferred,
    Mailer,
    MailRefused,
    TooLargeToAttach,
)
from buffrsign.mail.enclosing import Enclosures
from buffrsign.mail.enclosures import NOTHING_ENCLOSED, Enclosed, StoredFile, Withheld, is_attached
from buffrsign.mail.letters import Letters, RenderedLetter
from buffrsign.mail.message import Pdf, as_bytes, as_message
from buffrsign.mail.record import AlreadyAccepted, AlreadyBounced, Claimed, DeliveryRecord, Ended, Uncertain
from buffrsign.mail.reports import Report, Reported
from buffrsign.mail.states import State, is_about_size, is_about_the_mailbox, status_in
from buffrsign.mail.suppression import SuppressionList, Why
from buffrsign.mail.unsubscribe import UnsubscribeLinks

URGENT_KINDS = frozenset({"email.signature_request", "email.one_time_code"})
"""Letters that somebody waits for: they never stand behind a bulk of others."""

UNSUBSCRIBABLE_KINDS = frozenset({"email.signature_reminder"})

ROOM_FOR_SIGNATURES_BYTES = 8192
"""What is not written yet when a file's room is counted: its own header fields, and a signature of each DKIM key."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Suppressed:
    """The mailbox gets no letters, and no server was asked."""

    reason: Why


class RefusedBefore(MailRefused):
    """The letter was refused to an earlier job, or came back; no server was asked. `source` says so."""

    def __init__(self, ended: AlreadyBounced) -> None:
        super().__init__(
            f"{ended.host} refused this letter to an earlier job, or it came back; ask for a new round once the cause "
            "is gone",
            host=ended.host,
        )
        self.source = ended.source


class PostOffice:
    """Where a task brings its letters."""

    def __init__(
        self,
        letters: Letters,
        *,
        mailer: Mailer,
        record: DeliveryRecord,
        suppressions: SuppressionList,
        clock: Clock,
        unsubscribe: UnsubscribeLinks | None = None,
        enclosures: Enclosures | None = None,
    ) -> None:
        """Without `enclosures`, no letter comes with a file."""
        self._letters = letters
        self._mailer = mailer
        self._record = record
        self._suppressions = suppressions
        self._clock = clock
        self._unsubscribe = unsubscribe
        self._enclosures = enclosures

    def deliver(self, job: Letter, *, resend: bool = True) -> Accepted | AlreadyAccepted | Uncertain | Suppressed:
        """Hand the letter over, unless that was done before or may have been, or its mailbox gets none.

        The claim is written when the server has agreed to the addresses, just before the message: until then every
        failure is harmless, and from then on a crash leaves a trace. Without `resend`, a letter that may have gone out
        does not go out again, whoever allowed it.

        Raises:
            MailDeferred: the server is away or said 4xx; it has not taken the letter. Or nobody heard whether it took
                it, and letters of this kind are sent once more then.
            MailRefused: it said 5xx; or an address is none.
            RefusedBefore: it said so to an earlier job for the same letter, or the letter came back.
            RateSpent, NoConnectionFree: it is too early; the letter keeps its place.
            TooLargeToAttach: the server found it too large with its file; it goes without, next time.
            Transient: the storage that has its file is away.
        """
        ended = self._record.ended(job, resend=resend)
        if ended is not None:
            return _answer(ended)
        letter = self._letters.render(job)
        reason = self._suppressions.reason_for(letter.to.email)
        if reason is not None:
            return self._suppress(job, letter, reason)
        message = self._write(job, letter)
        file = self._enclosures.of(job) if self._enclosures else None
        with self._address(job, letter) as envelope:
            enclosed = self._enclose(job, file, message, envelope) if file else None
            if enclosed:
                message = self._write(job, self._letters.render(job, enclosed), enclosed)
            facts = enclosed.enclosure.facts if enclosed else NOTHING_ENCLOSED
            claim = self._record.claim(job, host=envelope.host, message_id=letter.message_id, enclosed=facts)
            if not isinstance(claim, Claimed):
                return _answer(claim)
            if claim.message_id != letter.message_id:
                message.replace_header("Message-ID", claim.message_id)
            return self._hand_over(job, claim, envelope, message)

    def was_handed_over(self, job: Letter) -> bool:
        """Whether a mail server has taken this letter, or may have."""
        return self._record.was_handed_over(job)

    def report(self, report: Report) -> Reported:
        """Take in what was reported of a letter after it was handed over; the caller tells whom it concerns."""
        return self._record.report(report)

    def _suppress(self, job: Letter, letter: RenderedLetter, reason: Why) -> Suppressed:
        self._record.not_sent(job, State.SUPPRESSED, message_id=letter.message_id, response=reason)
        log.info("letter was suppressed", reason=reason.value)
        return Suppressed(reason)

    def _enclose(
        self, job: Letter, file: StoredFile | Withheld, message: EmailMessage, envelope: Envelope
    ) -> Enclosed | None:
        """The file in the form that this provider takes; `message` is the letter without it."""
        if self._enclosures is None:
            return None
        letter_bytes = len(as_bytes(message, utf8=envelope.utf8)) + ROOM_FOR_SIGNATURES_BYTES
        return self._enclosures.enclose(
            file,
            reader=job.recipient,
            room_bytes=envelope.max_message_bytes - letter_bytes,
            tries=self._record.tries_with_file(job),
        )

    def _write(self, job: Letter, letter: RenderedLetter, enclosed: Enclosed | None = None) -> EmailMessage:
        content = enclosed.content if enclosed else None
        pdf = None if content is None else Pdf(getattr(job, "document_title", ""), content)
        try:
            return as_message(letter, date=self._clock(), unsubscribe=self._unsubscribe_url(job), pdf=pdf)
        except MailRefused as error:
            self._record.not_sent(
                job, State.BOUNCED, message_id=letter.message_id, host=error.host, response=error.response
            )
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
            self._record.not_sent(
                job, _state_of(error), message_id=letter.message_id, host=error.host, response=error.response
            )
            self._heed(job, error)
            raise

    def _hand_over(
        self, job: Letter, claim: Claimed, envelope: Envelope, message: EmailMessage
    ) -> Accepted | AlreadyAccepted | Uncertain:
        try:
            accepted = envelope.send(message)
        except DeliveryUncertain as error:
            self._record.settle(claim, State.UNCERTAIN, host=error.host, response=error.response)
            log.warning("letter became uncertain", host=error.host)
            return self._in_doubt(job, error)
        except (MailDeferred, MailRefused) as error:
            said = _too_large_to_attach(claim, error) or error
            self._record.settle(claim, _state_of(said), host=said.host, response=said.response)
            self._heed(job, said)
            if said is error:
                raise
            raise said from error
        self._record.settle(claim, State.ACCEPTED, host=accepted.host, response=accepted.response)
        log.info("letter handed over", host=accepted.host, **claim.enclosed)
        return replace(accepted, enclosed=claim.enclosed)

    def _in_doubt(self, job: Letter, error: DeliveryUncertain) -> AlreadyAccepted | Uncertain:
        """Hold the letter, unless letters of its kind are sent once more: then it comes back like a deferred one."""
        ended = self._record.ended(job)
        if ended is None:
            raise MailDeferred(
                f"nobody heard whether {error.host} took the letter; letters of its kind are sent once more",
                host=error.host,
                response=error.response,
            ) from error
        return _answer(ended)

    def _heed(self, job: Letter, error: MailDeferred | MailRefused) -> None:
        if isinstance(error, MailRefused) and is_about_the_mailbox(status_in(error.response)):
            self._suppressions.add_refused(job.job_id, job.recipient.email)


def _state_of(error: MailDeferred | MailRefused) -> State:
    return State.DEFERRED if isinstance(error, MailDeferred) else State.BOUNCED


def _too_large_to_attach(claim: Claimed, error: MailDeferred | MailRefused) -> TooLargeToAttach | None:
    """What a refusal for its size is, of a letter that can do without its file."""
    is_about_the_file = is_about_size(status_in(error.response), error.response) and is_attached(claim.enclosed)
    if not is_about_the_file or not isinstance(error, MailRefused):
        return None
    return TooLargeToAttach(
        f"{error.host} found the letter too large with its file; it comes back and goes without",
        host=error.host,
        response=error.response,
    )


def _answer(ended: Ended) -> AlreadyAccepted | Uncertain:
    log.info("letter was not handed over again", reason=type(ended).__name__)
    if isinstance(ended, AlreadyBounced):
        raise RefusedBefore(ended)
    return ended
