from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.mail.enclosures import (
    Attached,
    Enclosed,
    Linked,
    WhyWithheld,
    Withheld,
    encoded_bytes,
    in_base64,
    is_attached,
)
from buffrsign.mail.outlines import CHOICES
from tests.support.clock import NOON

SHA256 = "a" * 64


@given(st.binary(max_size=400))
def test_how_long_a_file_is_in_a_message_is_known_without_reading_it(content: bytes):
    assert encoded_bytes(len(content)) == len(in_base64(content).replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("enclosure", "facts"),
    [
        (Attached(SHA256, 182_044), {"enclosure": "attached", "sha256": SHA256, "bytes": 182_044}),
        (
            Linked(SHA256, NOON + timedelta(days=30)),
            {"enclosure": "linked", "sha256": SHA256, "until": (NOON + timedelta(days=30)).isoformat()},
        ),
        (
            Withheld(SHA256, WhyWithheld.DAMAGED),
            {"enclosure": "withheld", "sha256": SHA256, "why": "damaged"},
        ),
    ],
    ids=["attached", "linked", "withheld"],
)
def test_each_form_is_told_with_its_facts(enclosure, facts):
    assert enclosure.facts == facts
    assert is_attached(facts) is isinstance(enclosure, Attached)


@pytest.mark.parametrize("why", WhyWithheld)
def test_every_reason_to_withhold_a_file_has_a_sentence(why):
    assert Enclosed(Withheld(SHA256, why)).form in CHOICES["enclosed"]


def test_an_enclosure_shows_neither_its_link_nor_its_content():
    shown = repr(Enclosed(Linked(SHA256, NOON), content=b"secret", url="https://x.example/?token=secret"))

    assert "secret" not in shown
