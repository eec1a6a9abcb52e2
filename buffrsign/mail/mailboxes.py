"""Mailboxes: when two spellings of an address are one."""

import unicodedata

_FULL_STOPS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))


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
