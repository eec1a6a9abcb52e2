import math
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from buffrsign.jobs import PayloadRefused, encode
from buffrsign.jobs.audit import RecordEvent
from buffrsign.jobs.documents import InspectDocument
from buffrsign.jobs.fields import Recipient
from buffrsign.jobs.maintenance import Canary, ExpiredDocuments
from tests.support.clock import NOON
from tests.support.jobs import letter

DIGEST = "0123456789abcdef" * 4
SAFE = 2**53 - 1
BAD_VALUES = [
    (letter, "document_id", "", "an id of 1 to 100"),
    (letter, "document_id", "-leading", "an id of 1 to 100"),
    (letter, "document_id", "a" * 101, "an id of 1 to 100"),
    (letter, "document_id", "doc 7", "an id of 1 to 100"),
    (letter, "document_id", "doc_7\n", "an id of 1 to 100"),
    (letter, "document_id", 7, "Expected `str | null`, got `int`"),
    (letter, "document_title", "", "length >= 1"),
    (letter, "document_title", "t" * 301, "length <= 300"),
    (letter, "document_title", "two\nlines", "one line"),
    (letter, "document_title", "two\u2028lines", "one line"),
    (letter, "document_title", "half \ud800", "one line"),
    (letter, "document_title", None, "Expected `str`, got `null`"),
    (letter, "sender_name", "bell\a", "one line"),
    (letter, "message", "m" * 4001, "length <= 4000"),
    (letter, "message", "null \0", "text without control characters"),
    (letter, "message", "half \udfff", "text without control characters"),
    (letter, "signing_url", "javascript:alert(1)", "an http:// or https:// address"),
    (letter, "signing_url", "https://", "an http:// or https:// address"),
    (letter, "signing_url", "https://a b", "an http:// or https:// address"),
    (letter, "signing_url", 'https://a"onclick=', "an http:// or https:// address"),
    (letter, "signing_url", "https://half\ud800", "an http:// or https:// address"),
    (letter, "signing_url", "https://" + "a" * 2048, "length <= 2048"),
    (letter, "expires_at", datetime(2026, 3, 2, 12, 0), "with a timezone"),  # noqa: DTZ001 - what is refused
    (letter, "expires_at", "2026-03-02T12:00:00", "with a timezone"),
    (letter, "expires_at", "tomorrow", "RFC3339"),
    (letter, "expires_at", 1_772_452_800, "Expected `datetime | null`, got `int`"),
    (letter, "round", 0, ">= 1"),
    (letter, "round", 1001, "<= 1000"),
    (letter, "round", True, "got `bool`"),
    (letter, "round", 1.5, "got `float`"),
    (letter, "round", math.nan, "got `float`"),
    (letter, "round", math.inf, "got `float`"),
    (letter, "round", 10**30, "<= 1000"),
    (letter, "recipient", "anna@example.com", "Expected `object`, got `str`"),
    (Canary, "note", b"bytes", "Expected `str`, got `bytes`"),
    (Canary, "note", uuid4(), "Expected `str`, got `uuid`"),
    (Canary, "note", Decimal(1), "Expected `str`, got `decimal`"),
    (Canary, "note", NOON, "Expected `str`, got `datetime`"),
    (Canary, "note", object(), "Expected `str`, got `object`"),
    (Canary, "ask", "nobody", "Expected one of email, requests, documents"),
    (ExpiredDocuments, "at_most", 0, ">= 1"),
    (ExpiredDocuments, "at_most", 100_001, "<= 100000"),
]


@pytest.mark.parametrize(("contract", "field", "value", "words"), BAD_VALUES)
def test_a_value_that_does_not_fit_is_refused_with_its_field_and_what_was_expected(contract, field, value, words):
    with pytest.raises(PayloadRefused) as caught:
        encode(contract(**{field: value}))

    assert caught.value.reason.endswith(f"- at `$.{field}`")
    assert words in caught.value.reason


@pytest.mark.parametrize(
    "address",
    ["", "anna", "@example.com", "anna@", "a@b@c", "anna @example.com", "a@b\n", "<a@b>", "a,b@c", "a@\ud800"],
)
def test_a_text_that_is_no_address_is_refused(address):
    with pytest.raises(PayloadRefused, match=r"an e-mail address, as in .* - at `\$\.recipient\.email`"):
        encode(letter(recipient=Recipient(address)))


@pytest.mark.parametrize(
    "address", ["a@b", "anna.nangolo+sign@mail.example.com.na", "jörg@bücher.example", "o'neill@example.ie"]
)
def test_an_address_is_accepted(address):
    assert encode(letter(recipient=Recipient(address)))["recipient"]["email"] == address


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("locale", "english", "a locale such as en or de-NA"),
        ("locale", "de_NA", "a locale such as en or de-NA"),
        ("name", "two\nlines", "one line"),
        ("recipient_id", "a b", "an id of 1 to 100 letters, digits and _ . : @ -"),
    ],
)
def test_a_nested_value_is_named_by_its_path(field, value, words):
    with pytest.raises(PayloadRefused) as caught:
        encode(letter(recipient=Recipient("anna@example.com", **{field: value})))

    assert (
        caught.value.reason
        == f"Expected {words}{' without control characters' * (words == 'one line')} - at `$.recipient.{field}`"
    )


@pytest.mark.parametrize("digest", ["", DIGEST.upper(), DIGEST[:-1], DIGEST + "0", DIGEST + "\n", "g" * 64])
def test_a_digest_has_64_lower_case_hex_digits(digest):
    with pytest.raises(PayloadRefused, match=r"a SHA-256 digest of 64 .* at `\$\.sha256`"):
        encode(InspectDocument(document_id="doc_7", sha256=digest))


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"n": math.nan}, "got `float`"),
        ({"n": -math.inf}, "got `float`"),
        ({"n": 1.5}, "got `float`"),
        ({"n": SAFE + 1}, f"<= {SAFE}"),
        ({"n": -SAFE - 1}, f">= -{SAFE}"),
        ({"n": {"deeper": 1}}, "got `object`"),
        ({"n": [1]}, "Expected `str`, got `int`"),
        ({"n": "half \ud800"}, "half a surrogate pair"),
        ({"n": ["half \ud800"]}, "half a surrogate pair"),
        ({"two\nlines": 1}, "one line"),
        ({7: 1}, "Expected `str`"),
    ],
)
def test_a_detail_of_an_event_is_a_plain_fact(details, words):
    with pytest.raises(PayloadRefused, match=r"\$\.details") as caught:
        encode(RecordEvent(action="document.inspected", occurred_at=NOON, details=details))

    assert words in caught.value.reason


@pytest.mark.parametrize("action", ["", "Document", "document.", ".inspected", "a b", "1st", "a" * 81])
def test_an_action_is_a_dotted_name(action):
    with pytest.raises(
        PayloadRefused, match=r"(a dotted name such as document.inspected|length <= 80) - at `\$\.action`"
    ):
        encode(RecordEvent(action=action, occurred_at=NOON))
