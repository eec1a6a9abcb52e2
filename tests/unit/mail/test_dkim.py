from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from buffrsign.mail.dkim import DkimKeyUnusable, DkimSigner, read_signers
from tests.support.dkim_keys import dns_of, ed25519_key, pem, rsa_key

KEYS = {"rsa": rsa_key(), "ed": ed25519_key()}
DNS = dns_of(**KEYS)
MESSAGE = (
    b"From: BuffrSign <no-reply@buffrsign.example>\r\n"
    b"To: anna@example.com\r\n"
    b"Subject: Please sign\r\n"
    b"  the agreement\r\n"
    b"List-Unsubscribe: <https://sign.example.com/u/x>\r\n"
    b"\r\n"
    b"Hello,\r\n\r\n.sign this \r\n\r\n\r\n"
)


@cache
def signer(selector: str) -> DkimSigner:
    return DkimSigner(pem(KEYS[selector]), domain="buffrsign.example", selector=selector)


def signed(message: bytes = MESSAGE, *, selector: str = "rsa") -> bytes:
    return signer(selector).sign(message)


def is_valid(message: bytes) -> bool:
    return bool(dkim.verify(message, dnsfunc=DNS))


@pytest.mark.parametrize("selector", KEYS)
@pytest.mark.parametrize(
    "message",
    [MESSAGE, b"From: a@b.example\r\n\r\n", b"From: a@b.example\r\n\r\nno line end"],
    ids=["whole", "empty", "cut"],
)
def test_another_implementation_finds_the_signature_valid(selector, message):
    assert is_valid(signed(message, selector=selector))


@pytest.mark.parametrize("selector", KEYS)
@pytest.mark.parametrize(
    "change",
    [
        (b"Hello", b"Hallo"),
        (b"anna@example.com", b"thief@example.com"),
        (b"Please sign", b"Please pay"),
        (b"/u/x", b"/u/y"),
        (b"To: anna", b"Subject: Another\r\nTo: anna"),
        (b"To: anna", b"From: thief@example.com\r\nTo: anna"),
        (b"To: anna", b"Reply-To: thief@example.com\r\nTo: anna"),
        (b"To: anna", b"Cc: thief@example.com\r\nTo: anna"),
    ],
    ids=["body", "to", "subject", "unsubscribe", "second subject", "second from", "added reply-to", "added cc"],
)
def test_a_change_or_an_added_field_breaks_it(selector, change):
    assert not is_valid(signed(selector=selector).replace(*change, 1))


def test_a_relay_may_fold_fields_anew():
    folded = signed().replace(b"Subject: Please sign\r\n  the", b"SUBJECT:   Please\r\n\tsign the")

    assert is_valid(folded)


def test_no_line_of_a_signature_is_long():
    head = signed().partition(b"\r\n\r\n")[0]

    assert max(len(line) for line in head.split(b"\r\n")) <= 80


def test_a_key_that_is_too_short_is_refused():
    with pytest.raises(DkimKeyUnusable, match="2048 bits"):
        DkimSigner(pem(rsa_key(1024)), domain="buffrsign.example", selector="old")


def test_a_key_of_another_kind_is_refused():
    other = generate_private_key(SECP256R1())

    with pytest.raises(DkimKeyUnusable, match="Ed25519"):
        DkimSigner(pem(other), domain="buffrsign.example", selector="ec")  # type: ignore[arg-type]


def test_what_is_no_key_is_refused_and_not_repeated():
    with pytest.raises(DkimKeyUnusable) as refused:
        DkimSigner(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n", domain="buffrsign.example", selector="rsa")

    assert "c2VjcmV0" not in str(refused.value)


def test_signers_are_read_from_files_one_for_each_selector(tmp_path):
    for selector, key in KEYS.items():
        (tmp_path / f"{selector}.pem").write_bytes(pem(key))

    signers = read_signers(f"rsa={tmp_path}/rsa.pem, ed={tmp_path}/ed.pem", domain="buffrsign.example")

    assert all(is_valid(signer.sign(MESSAGE)) for signer in signers)
    assert len(signers) == 2


def test_a_key_file_that_is_not_there_keeps_letters_waiting(tmp_path):
    with pytest.raises(DkimKeyUnusable, match="FileNotFoundError"):
        read_signers(f"rsa={tmp_path}/rsa.pem", domain="buffrsign.example")
