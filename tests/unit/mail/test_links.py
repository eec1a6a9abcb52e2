from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.core.key_list import KeysRefused
from buffrsign.mail.links import Expired, Invalid, LinkKeys, Valid, signing_url
from tests.support.clock import NOON


def test_a_signing_link_names_the_document_and_the_signer():
    assert signing_url("https://sign.example.com", document_id="doc_7", recipient_id="r1") == (
        "https://sign.example.com/doc_7/r1"
    )


def test_a_base_url_may_have_a_path_and_a_closing_slash():
    link = signing_url("https://example.com/sign/", document_id="doc_7", recipient_id="r1")

    assert link == "https://example.com/sign/doc_7/r1"


def test_an_id_cannot_change_the_path_of_its_link():
    link = signing_url("https://example.com", document_id="a:b", recipient_id="anna@example.com")

    assert link == "https://example.com/a%3Ab/anna%40example.com"


KEYS = LinkKeys({"new": b"n" * 32, "old": b"o" * 32})
URL = "https://sign.example.com/doc_7/anna"
ANNA = ("doc_7", "anna")


def token_of(url: str) -> str:
    [token] = parse_qs(urlsplit(url).query)["token"]
    return token


def minted(**changes: object) -> str:
    return KEYS.mint(URL, **{"purpose": "sign", "subject": ANNA, **changes})  # type: ignore[arg-type]


def test_a_minted_link_holds_for_what_it_was_made_for_and_says_nothing_of_it():
    token = token_of(minted())

    assert KEYS.check(token, purpose="sign", subject=ANNA, now=NOON) == Valid()
    assert "anna" not in token


@pytest.mark.parametrize(
    "other",
    [{"purpose": "download"}, {"subject": ("doc_7", "ben")}, {"subject": ("doc_7a", "nna")}, {"subject": ("doc_7",)}],
    ids=str,
)
def test_a_token_opens_nothing_else(other: dict[str, object]):
    asked = {"purpose": "sign", "subject": ANNA, **other}

    assert KEYS.check(token_of(minted()), now=NOON, **asked) == Invalid()  # type: ignore[arg-type]


def test_a_token_holds_until_its_time():
    token = token_of(minted(expires_at=NOON))

    assert KEYS.check(token, purpose="sign", subject=ANNA, now=NOON - timedelta(seconds=1)) == Valid()
    assert KEYS.check(token, purpose="sign", subject=ANNA, now=NOON) == Expired(NOON)


def test_a_token_s_time_cannot_be_changed():
    key_id, seconds, mac = token_of(minted(expires_at=NOON)).split(".")

    for forged in (f"{key_id}.{int(seconds) + 9}.{mac}", f"{key_id}.0.{mac}", f"old.{seconds}.{mac}"):
        assert KEYS.check(forged, purpose="sign", subject=ANNA, now=NOON) == Invalid()


@given(st.text())
def test_whatever_comes_as_a_token_is_answered(text: str):
    assert KEYS.check(text, purpose="sign", subject=ANNA, now=NOON) == Invalid()


def test_keys_are_replaced_while_links_of_the_old_one_are_out():
    before = LinkKeys({"old": b"o" * 32}).mint(URL, purpose="sign", subject=ANNA)

    assert KEYS.check(token_of(before), purpose="sign", subject=ANNA, now=NOON) == Valid()
    assert token_of(minted()).startswith("new.")


def test_a_link_that_is_minted_again_has_one_token_and_keeps_its_other_parameters():
    again = KEYS.mint(f"{URL}?lang=de&token=old", purpose="sign", subject=ANNA)

    assert parse_qs(urlsplit(again).query) == {"lang": ["de"], "token": [token_of(minted())]}


@pytest.mark.parametrize("text", ["", "new", "new:c2hvcnQ=", "a.b:" + "bm4=" * 16])
def test_keys_that_cannot_be_used_are_refused_without_showing_them(text: str):
    with pytest.raises(KeysRefused) as refused:
        LinkKeys.read(text)

    assert "c2hvcnQ" not in str(refused.value)
