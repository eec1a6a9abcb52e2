import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.mail.addresses import LONGEST_ADDRESS_BYTES, MailboxRefused, mailbox, mailbox_of


@pytest.mark.parametrize(
    ("address", "said", "needs_utf8"),
    [
        ("anna@example.com", "anna@example.com", False),
        ("Anna.B+tag@Example.COM", "Anna.B+tag@Example.COM", False),
        ("o'neill_{x}@mx-1.example", "o'neill_{x}@mx-1.example", False),
        ("root@localhost", "root@localhost", False),
        ("anna@müller.example", "anna@xn--mller-kva.example", False),
        ("anna@MÜLLER.example", "anna@xn--mller-kva.example", False),
        ("anna@例え.テスト", "anna@xn--r8jz45g.xn--zckzah", False),
        ("ündi@example.com", "ündi@example.com", True),
        ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah", True),
    ],
)
def test_an_address_goes_out_as_any_server_takes_it_or_says_that_it_needs_more(address, said, needs_utf8):
    read = mailbox(address)

    assert (read.address, read.needs_utf8) == (said, needs_utf8)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@ex ample.com",
        "anna@-.example",
        "anna@example..com",
        "anna@[127.0.0.1]",
        "an na@example.com",
        "anna@b@example.com",
        '"anna"@example.com',
        "anna<x>@example.com",
        "anna@example.com\r\nBcc: thief@example.com",
        "anna\r\nRCPT TO:<thief@example.com>@example.com",
        "anna\x00@example.com",
        "anna\u2028@example.com",
        "anna@exam\u2028ple.com",
        "anna\u3000@example.com",
        "\ud800@example.com",
        "anna@\ud800.com",
        "a" * 65 + "@example.com",
        "ü" * 33 + "@example.com",
        "a" * 300 + "@example.com",
        "anna@" + "a" * 64 + ".com",
        "anna@" + ".".join(["abcdefghi"] * 26) + ".com",
        "anna@💥💥.\ud83d",
    ],
)
def test_what_is_no_address_is_refused_with_a_reason_that_does_not_repeat_it(address):
    with pytest.raises(MailboxRefused) as refused:
        mailbox(address)

    assert "thief" not in str(refused.value)
    assert refused.value.host == ""


@given(st.text(max_size=300) | st.builds("{}@{}".format, st.text(max_size=80), st.text(max_size=80)))
def test_whatever_comes_in_is_a_line_that_a_server_can_be_told_or_is_refused(text):
    try:
        read = mailbox(text)
    except MailboxRefused:
        return

    assert read.domain.isascii()
    assert read.address.isprintable()
    assert not set(read.address) & set(' <>()[],;:\\"')
    assert read.address.count("@") == 1
    assert len(read.address.encode()) <= LONGEST_ADDRESS_BYTES


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
