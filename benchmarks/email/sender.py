"""One process that sends, over one kept connection, and does nothing else.

    python -m benchmarks.email.sender PORT WAY COUNT AT

WAY is `stdlib`, `mimetext`, `our_writer` (`smtplib`, and who builds each message from strings that are ready), or `raw`
(a socket, and bytes that are ready: what the sink can take). It warms up, begins at AT of the clock `time.monotonic`,
and prints its processor time from then on, in seconds.
"""

import resource
import smtplib
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from benchmarks.email.letters import addresses, rendered
from buffrsign.core.ids import new_ulid
from buffrsign.mail.letters import RenderedLetter
from buffrsign.mail.message import as_bytes, as_message

WARM_UP_LETTERS = 30

Write = Callable[[RenderedLetter], bytes]


def with_stdlib(letter: RenderedLetter) -> bytes:
    """As the documentation of `email` has it."""
    message = EmailMessage(policy=SMTP)
    for name, value in _fields(letter).items():
        message[name] = value
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message.as_bytes()


def with_mimetext(letter: RenderedLetter) -> bytes:
    """As it was done before `EmailMessage`, and often still is: faster, and bodies are in base64."""
    message = MIMEMultipart("alternative")
    for name, value in _fields(letter).items():
        message[name] = value
    message.attach(MIMEText(letter.text, "plain", "utf-8"))
    message.attach(MIMEText(letter.html, "html", "utf-8"))
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def with_our_writer(letter: RenderedLetter) -> bytes:
    """The very bytes of ours."""
    return as_bytes(as_message(letter, date=datetime.now(UTC)), utf8=False)


WRITERS: dict[str, Write] = {"stdlib": with_stdlib, "mimetext": with_mimetext, "our_writer": with_our_writer}


def _fields(letter: RenderedLetter) -> dict[str, str]:
    return {
        "From": formataddr((letter.from_name, letter.from_address)),
        "To": formataddr((letter.to.name, letter.to.email)),
        "Reply-To": letter.reply_to or "",
        "Subject": letter.subject,
        "Date": format_datetime(datetime.now(UTC)),
        "Message-ID": letter.message_id,
        "Auto-Submitted": "auto-generated",
    }


def loop(port: int, write: Write, count: int, at: float) -> float:
    """Send, and say what it cost."""
    letter, started_s = rendered(), 0.0
    with smtplib.SMTP("127.0.0.1", port, local_hostname="sign.example") as smtp:
        for number, address in enumerate(list(addresses(count, warm_up=WARM_UP_LETTERS))):
            if number == WARM_UP_LETTERS:
                started_s = _cpu_s_at(at)
            to = replace_address(letter, address)
            smtp.sendmail(letter.from_address, [address], write(to))
    return _cpu_s() - started_s


def replace_address(letter: RenderedLetter, address: str) -> RenderedLetter:
    """The same letter to somebody else, under a Message-ID of its own."""
    return replace(
        letter,
        to=type(letter.to)(address, letter.to.name),
        message_id=f"<{new_ulid().lower()}@sign.example>",
    )


def blast(port: int, count: int, at: float) -> float:
    """Send as fast as a socket can: commands together, as PIPELINING allows (RFC 2920)."""
    letter = rendered()
    content = with_our_writer(replace_address(letter, "someone@example.com"))
    own_id = content.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]
    ready = []
    for address in addresses(count, warm_up=WARM_UP_LETTERS):
        named = f"<{new_ulid().lower()}@sign.example>".encode()
        commands = f"MAIL FROM:<{letter.from_address}>\r\nRCPT TO:<{address}>\r\nDATA\r\n".encode()
        ready.append((commands, content.replace(own_id, named) + b".\r\n"))
    started_s = 0.0
    with socket.create_connection(("127.0.0.1", port)) as sink, sink.makefile("rb") as answers:
        sink.sendall(b"EHLO sign.example\r\n")
        for _line in range(5):
            answers.readline()
        for number, (commands, message) in enumerate(ready):
            if number == WARM_UP_LETTERS:
                started_s = _cpu_s_at(at)
            sink.sendall(commands)
            for _command in range(3):
                answers.readline()
            sink.sendall(message)
            answers.readline()
    return _cpu_s() - started_s


def _cpu_s_at(at: float) -> float:
    """Wait until then; the processor time used before it.

    Raises:
        TimeoutError: it is too late, so that not all began together.
    """
    left_s = at - time.monotonic()
    if left_s < 0:
        raise TimeoutError("the sender was not ready in time")
    time.sleep(left_s)
    return _cpu_s()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(port: str, way: str, count: str, at: str) -> None:
    """Send, and print the processor time."""
    if way == "raw":
        cpu_s = blast(int(port), int(count), float(at))
    else:
        cpu_s = loop(int(port), WRITERS[way], int(count), float(at))
    sys.stdout.write(f"{cpu_s}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
