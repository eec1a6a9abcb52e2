"""Messages: a rendered letter as RFC 5322 has it, and the bytes of it that go out.

No field can start a header of its own, by construction: whatever comes in is made one line of printable characters
first, what is not ASCII in it becomes encoded words (RFC 2047), and addresses are read before they are written.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import BaseHeader
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, SMTPUTF8, EmailPolicy, Policy
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from buffrsign.mail.addresses import Mailbox, MailboxRefused, mailbox
from buffrsign.mail.enclosures import in_base64

if TYPE_CHECKING:
    from buffrsign.mail.letters import RenderedLetter

_LINE_LENGTH = 76
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_CONTROLS = bytes([*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])  # none of them is a part of a longer character
_WITHOUT_CONTROLS = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))
_LINE_END = re.compile(r"\r\n?")
_ENCODED_WORD_BYTES = 45  # 60 characters of base64; a word has at most 75 (RFC 2047, 2)
_BOUNDARY = "=_alternative"  # quoted-printable never says =_
_OUTER_BOUNDARY = "=_mixed"  # neither does base64
_LONGEST_FILE_NAME_BYTES = 120  # three times as many in RFC 2231's form, which cannot be folded at spaces
_NOT_IN_FILE_NAMES = re.compile(r"[\\/:*?\"<>|%]")


class _AsWritten(BaseHeader):
    """A header field that goes out as it was written, folded at its spaces only.

    The standard library's own folding makes encoded words of long URLs, which no mail program follows.
    """

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Called by `BaseHeader` with the value as it was set."""
        kwds["decoded"] = value
        kwds["parse_tree"] = None

    def fold(self, *, policy: Policy) -> str:
        """The field with its line ends."""
        lines: list[str] = []
        line = start = f"{self.name}:"
        for word in self.split(" "):
            if len(line) + 1 + len(word) > _LINE_LENGTH and line != start:
                lines.append(line)
                line = ""
            line = f"{line} {word}"
        return policy.linesep.join([*lines, line]) + policy.linesep


@dataclass(frozen=True)
class Pdf:
    """A file that goes with a letter; it is called by its title."""

    title: str
    content: bytes = field(repr=False)


class _AllAsWritten:
    """Every field is `_AsWritten`; the standard library's own registry makes a class for each field that is set."""

    def __call__(self, name: str, value: str) -> _AsWritten:
        return _AsWritten(name, value)

    def __getitem__(self, _name: str) -> type[_AsWritten]:
        return _AsWritten


_OURS = _AllAsWritten()

# Any server takes 7 bits, also one without 8BITMIME.
_SEVEN_BIT = SMTP.clone(cte_type="7bit", header_factory=_OURS)
_WITH_UTF8_ADDRESSES = _SEVEN_BIT.clone(utf8=True)


def as_message(
    letter: "RenderedLetter", *, date: datetime, unsubscribe: str | None = None, pdf: Pdf | None = None
) -> EmailMessage:
    """The letter, marked as automatic (RFC 3834, 5) so that nobody's absence note answers it.

    `unsubscribe` is an https URL that ends such letters with one click (RFC 8058). A Reply-To that only SMTPUTF8 could
    carry is left out where the letter itself needs none. `pdf` goes with it as an attachment.

    Raises:
        MailboxRefused: an address of the letter cannot be used.
    """
    sender, recipient = mailbox(letter.from_address), mailbox(letter.to.email)
    utf8 = sender.needs_utf8 or recipient.needs_utf8
    message = EmailMessage(policy=_WITH_UTF8_ADDRESSES if utf8 else _SEVEN_BIT)
    reply_to = mailbox(letter.reply_to) if letter.reply_to else None
    fields = {
        "From": _named(letter.from_name, sender),
        "To": _named(letter.to.name, recipient),
        "Reply-To": reply_to.address if reply_to and (utf8 or not reply_to.needs_utf8) else "",
        "Subject": _in_ascii(one_line(letter.subject)),
        "Date": format_datetime(date),
        "Message-ID": _message_id(letter.message_id),
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{unsubscribe}>" if unsubscribe else "",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if unsubscribe else "",
    }
    for name, value in fields.items():
        if value or name == "Subject":
            message[name] = _AsWritten(name, value)
    message["MIME-Version"] = _AsWritten("MIME-Version", "1.0")
    if pdf is None:
        _write_both_forms(letter, message)
        return message
    words = EmailMessage(policy=_SEVEN_BIT)
    _write_both_forms(letter, words)
    message["Content-Type"] = _AsWritten("Content-Type", f'multipart/mixed; boundary="{_OUTER_BOUNDARY}"')
    message.attach(words)
    message.attach(_attachment(pdf))
    return message


def as_bytes(message: EmailMessage, *, utf8: bool) -> bytes:
    """The message as it goes out: every line ends in CRLF, and no CR or LF stands alone (RFC 5321, 2.3.8)."""
    policy = SMTPUTF8 if utf8 else SMTP
    content = b"".join(_written(message, policy)) if _is_ours(message) else message.as_bytes(policy=policy)
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def one_line(text: str) -> str:
    """The text without line breaks and control characters: it cannot start a header of its own."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(text.split())


def _is_ours(message: EmailMessage) -> bool:
    return isinstance(message.policy, EmailPolicy) and message.policy.header_factory is _OURS


def _written(message: MIMEPart, policy: Policy) -> Iterator[bytes]:
    """A message that `as_message` has made, part by part; the standard library would write it line by line."""
    for name, value in message.raw_items():
        yield policy.fold_binary(name, value)
    content = message.get_payload()
    if isinstance(content, str):
        yield b"\r\n" + content.encode("ascii")
        return
    line = f"\r\n--{message.get_boundary()}".encode("ascii")
    for part in message.iter_parts():
        yield line + b"\r\n"
        yield from _written(part, policy)
    yield line + b"--\r\n"


def _write_both_forms(letter: "RenderedLetter", into: EmailMessage) -> None:
    into["Content-Type"] = _AsWritten("Content-Type", f'multipart/alternative; boundary="{_BOUNDARY}"')
    into.attach(_part(letter.text, "plain"))
    into.attach(_part(letter.html, "html"))


def _attachment(pdf: Pdf) -> EmailMessage:
    part = EmailMessage(policy=_SEVEN_BIT)
    part["Content-Type"] = _AsWritten("Content-Type", "application/pdf")
    part["Content-Disposition"] = _AsWritten("Content-Disposition", f"attachment; {_file_name(pdf.title)}")
    part["Content-Transfer-Encoding"] = _AsWritten("Content-Transfer-Encoding", "base64")
    part.set_payload(in_base64(pdf.content))
    return part


def _file_name(title: str) -> str:
    """The parameter for a file of this title (RFC 2183, 2.3); outside ASCII, in the form of RFC 2231, 4."""
    plain = one_line(_NOT_IN_FILE_NAMES.sub(" ", _sayable(title)))
    name = plain.encode()[:_LONGEST_FILE_NAME_BYTES].decode("utf-8", "ignore").strip(" .") or "document"
    return f'filename="{name}.pdf"' if name.isascii() else f"filename*=utf-8''{quote(name, safe='')}.pdf"


def _part(text: str, subtype: str) -> EmailMessage:
    """A body in quoted-printable (RFC 2045, 6.7); the standard library takes ten times as long for the same."""
    part = EmailMessage(policy=_SEVEN_BIT)
    part["Content-Type"] = _AsWritten("Content-Type", f'text/{subtype}; charset="utf-8"')
    part["Content-Transfer-Encoding"] = _AsWritten("Content-Transfer-Encoding", "quoted-printable")
    lines = _LINE_END.sub("\n", _sayable(text))
    part.set_payload(binascii.b2a_qp(f"{lines.rstrip()}\n".encode(), istext=True).decode("ascii"))
    return part


def _named(name: str, address: Mailbox) -> str:
    """A mailbox as header fields have it (RFC 5322, 3.4)."""
    line = one_line(name)
    if not line:
        return address.address
    if _is_plain(line) and not _PLAIN_NAME.fullmatch(line):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address.address}>'
    return f"{_in_ascii(line)} <{address.address}>"


def _in_ascii(line: str) -> str:
    """The line as it is, or as encoded words; also where it only looks like one, so that nobody decodes it."""
    if _is_plain(line):
        return line
    chunks, chunk = [], b""
    for character in line:
        said = character.encode()
        if len(chunk) + len(said) > _ENCODED_WORD_BYTES:
            chunks.append(chunk)
            chunk = b""
        chunk += said
    return " ".join(f"=?utf-8?b?{base64.b64encode(each).decode('ascii')}?=" for each in [*chunks, chunk])


def _is_plain(line: str) -> bool:
    return line.isascii() and "=?" not in line


def _message_id(message_id: str) -> str:
    """The id with its domain in ASCII; that of an address outside ASCII is not."""
    local_part, _, domain = message_id.strip("<>").rpartition("@")
    read = mailbox(f"{local_part}@{domain}")
    if read.needs_utf8:
        raise MailboxRefused("a Message-ID is ASCII")
    return f"<{read.address}>"


def _sayable(text: str) -> str:
    """A body without control characters and halves of surrogate pairs, which no charset can say."""
    return text.encode("utf-8", "replace").translate(_WITHOUT_CONTROLS).decode()
