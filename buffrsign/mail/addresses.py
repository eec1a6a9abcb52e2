"""Addresses: which can be written to, and when two spellings of one are the same mailbox.

A domain goes out as A-labels (RFC 5890, 2.3.2.1), which any server takes, also one that knows SMTPUTF8. A local part
outside ASCII has no such form: it needs SMTPUTF8 (RFC 6531).

To send, an address is read strictly, and its domain by IDNA 2008. To compare, any text is folded by a rule of ten lines
that needs no package, so that the suppression list says the same wherever it is asked
(docs/decisions/0025-once-per-person.md).
"""

import re
import unicodedata
from dataclasses import dataclass

from buffrsign.mail.outcomes import MailRefused

LONGEST_ADDRESS_BYTES = 254
"""RFC 5321, 4.5.3.1.3: a path has 256 octets, of which two are its brackets."""

LONGEST_LOCAL_PART_BYTES = 64
"""RFC 5321, 4.5.3.1.1."""

_LOCAL_PART = re.compile(r"[!#$%&'*+\-./0-9=?A-Z^_`a-z{|}~\u00a1-\ud7ff\uf900-\uffef\U00010000-\U0003fffd]+")
_SPACE = re.compile(r"\s")
_FULL_STOPS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")


class MailboxRefused(MailRefused):
    """No mail can go to such an address, so no server was asked. The message does not repeat it."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the address cannot be used and must be corrected: {why}", host="")


@dataclass(frozen=True)
class Mailbox:
    """An address that can be said to a server; `needs_utf8` where that must offer SMTPUTF8."""

    local_part: str
    domain: str

    @property
    def address(self) -> str:
        """Both parts, as they go out."""
        return f"{self.local_part}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether it cannot be said in ASCII."""
        return not self.local_part.isascii()


def mailbox(address: str) -> Mailbox:
    """Read an address, as it stands between the angle brackets of MAIL and RCPT, and in the header fields.

    Raises:
        MailboxRefused: it has no @, is too long, or holds what no mailbox has: spaces, line breaks, quotes, controls.
    """
    local_part, at, domain = address.rpartition("@")
    if not at:
        raise MailboxRefused("it has no @")
    if not _LOCAL_PART.fullmatch(local_part) or not local_part.isprintable() or _SPACE.search(local_part):
        raise MailboxRefused("what stands before the @ names no mailbox")
    if _bytes(local_part) > LONGEST_LOCAL_PART_BYTES:
        raise MailboxRefused(f"what stands before the @ has more than {LONGEST_LOCAL_PART_BYTES} bytes")
    read = Mailbox(local_part, _a_labels(domain))
    if _bytes(read.address) > LONGEST_ADDRESS_BYTES:
        raise MailboxRefused(f"it has more than {LONGEST_ADDRESS_BYTES} bytes")
    return read


def mailbox_of(address: str) -> str:
    """The address as mailboxes are compared: local part folded, domain in lower case and as A-labels.

    Servers may tell `Anna@` from `anna@` (RFC 5321, 2.4), but none that people use does, and a letter too few to a
    mailbox that bounced is better than one too many.

    Source: RFC 5895, 2 for what becomes of a domain's letters; RFC 5890, 2.3.2.1 and RFC 3492 for its A-labels.
    """
    local_part, _, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    mapped = unicodedata.normalize("NFKC", domain.translate(_FULL_STOPS).lower())
    return f"{local_part.casefold()}@{'.'.join(map(_a_label, mapped.rstrip('.').split('.')))}"


def _a_label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _a_labels(domain: str) -> str:
    """The domain in ASCII, by IDNA 2008 with the mapping of UTS 46 (upper case, full width)."""
    if not domain.isascii():
        import idna  # noqa: PLC0415 - its tables are large, and few domains need them

        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise MailboxRefused("what stands after the @ is no domain") from None
    if not _DOMAIN.fullmatch(domain):
        raise MailboxRefused("what stands after the @ is no domain")
    return domain


def _bytes(text: str) -> int:
    return len(text.encode())
