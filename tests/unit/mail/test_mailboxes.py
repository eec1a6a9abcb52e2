import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.mail.mailboxes import mailbox_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@Example.COM", "anna@example.com"),
        (" anna@example.com\n", "anna@example.com"),
        ("anna@example.com.", "anna@example.com"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        ("anna@bücher。example", "anna@bücher.example"),
        ("anna@ｅｘａｍｐｌｅ.com", "anna@example.com"),
        ("u\u0308ndi@example.com", "ündi@example.com"),
        ("STRASSE@example.com", "straße@example.com"),
    ],
)
def test_two_spellings_of_an_address_are_one_mailbox(one, other):
    assert mailbox_of(one) == mailbox_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@example.com", "anna@example.org"),
        ("anna@straße.example", "anna@strasse.example"),
        ("anna+x@example.com", "anna@example.com"),
        ("a.nna@example.com", "anna@example.com"),
    ],
)
def test_two_addresses_that_may_be_two_people_are_two_mailboxes(one, other):
    assert mailbox_of(one) != mailbox_of(other)


def test_a_domain_is_kept_in_the_letters_that_dns_knows():
    assert mailbox_of("anna@faß.例え.example") == "anna@xn--fa-hia.xn--r8jz45g.example"


@given(st.text(max_size=40))
def test_whatever_somebody_writes_has_a_domain_of_ascii(text):
    assert mailbox_of(text).rpartition("@")[2].isascii()
