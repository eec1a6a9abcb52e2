"""Post offices that kill themselves at a step: before each line of ours that runs from the first connection on.

python -m tests.support.office_to_kill <database> <port> <on_doubt>

It reads a letter's number and a step, one pair a line, and forks a post office for each, since starting Python each
time would take longest. It answers `killed`, or what `deliver` answered if it has fewer steps; 0 kills none.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from buffrsign.core.clock import utc_now
from buffrsign.core.ids import ulid_of
from buffrsign.core.sql import Database
from buffrsign.jobs.email import SignatureRequestEmail
from buffrsign.jobs.fields import Recipient
from buffrsign.mail import record
from buffrsign.mail.delivery import MailDeferred, Mailer, SmtpServer
from buffrsign.mail.letters import Letters
from buffrsign.mail.post_office import PostOffice
from buffrsign.mail.record import DeliveryRecord
from buffrsign.mail.states import OnDoubt
from buffrsign.mail.suppression import SuppressionList
from tests.support.mail import REQUEST

LETTERS = Letters("no-reply@buffrsign.example")
_OURS = str(Path(record.__file__).parent)
_BEGINS_AT = "address"
"""The first of our functions that troubles a server; what comes before it leaves no trace anywhere."""


def letter_numbered(number: int) -> SignatureRequestEmail:
    """One of many letters, each to a person of its own and with the same id in every process."""
    recipient = Recipient(f"person-{number}@example.com")
    return msgspec.structs.replace(
        REQUEST, job_id=ulid_of(1_700_000_000_000, number), document_id=f"doc_{number}", recipient=recipient
    )


def deliver(url: str, port: int, policy: OnDoubt, number: int, last_step: int) -> str:
    """Deliver a letter, as far as that step; the name of the answer."""
    database = Database(url)
    office = PostOffice(
        LETTERS,
        mailer=Mailer(SmtpServer("127.0.0.1", port, timeout_s=10), ehlo_name="worker.example"),
        record=DeliveryRecord(database, clock=utc_now, on_doubt={REQUEST.kind: policy}),
        suppressions=SuppressionList(database, clock=utc_now),
        clock=utc_now,
    )
    if last_step:
        sys.settrace(_killing_at(last_step))
    try:
        return type(office.deliver(letter_numbered(number))).__name__
    except MailDeferred as error:
        return type(error).__name__
    finally:
        sys.settrace(None)


def _killing_at(last_step: int) -> Any:
    steps, has_begun = count(1), False

    def on_line(_frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line" and next(steps) == last_step:
            os.kill(os.getpid(), signal.SIGKILL)
        return on_line

    def on_call(frame: FrameType, _event: str, _argument: object) -> Any:
        nonlocal has_begun
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        has_begun |= frame.f_code.co_name == _BEGINS_AT
        return on_line if has_begun else None

    return on_call


def serve(url: str, port: int, policy: OnDoubt) -> None:
    """One post office, in a process of its own, for each letter that is asked for."""
    LETTERS.render(REQUEST)  # compiles the templates once, for all of them
    for asked in sys.stdin:
        number, step = map(int, asked.split())
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.write(writer, deliver(url, port, policy, number, step).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            answer = pipe.read()
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{'killed' if ended == -signal.SIGKILL else answer or 'failed'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), OnDoubt(sys.argv[3]))
