import json
import math
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buffrsign.core.canonical_json import NotCanonical, canonical_bytes

SAFE = 2**53 - 1
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-SAFE, SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé\u20ac\U0001f600", max_size=4), inner),
    max_leaves=12,
)


def test_the_example_of_rfc_8785_comes_out_byte_for_byte():
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }

    canonical = canonical_bytes(value)

    assert (
        canonical
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_keys_are_sorted_by_utf_16_code_units_as_in_section_3_2_3():
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }

    names = list(json.loads(canonical_bytes(value)).values())

    assert names == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-1.7976931348623157e308, "-1.7976931348623157e+308"),
        (9007199254740991, "9007199254740991"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (999999999999999700000.0, "999999999999999700000"),
        (1e21, "1e+21"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (1424953923781206.2, "1424953923781206.2"),
    ],
)
def test_numbers_are_written_as_in_appendix_b(number, text):
    assert canonical_bytes(number) == text.encode()


@given(VALUES)
def test_what_was_written_reads_back_equal(value):
    assert json.loads(canonical_bytes(value), parse_int=float) == value


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), SCALARS), st.randoms())
def test_the_order_of_keys_does_not_matter(value, random):
    pairs = list(value.items())
    random.shuffle(pairs)

    assert canonical_bytes(dict(pairs)) == canonical_bytes(value)


class Colour(StrEnum):
    RED = "red"


def test_an_enumerated_string_is_its_value():
    assert canonical_bytes(Colour.RED) == b'"red"'


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (math.nan, "no NaN"),
        ([math.inf], "no Infinity"),
        ({"n": 2**53}, "beyond 2"),
        (-(2**53), "beyond 2"),
        pytest.param(10**5000, "beyond 2", id="too long to print"),
        ({1: "secret"}, "keys must be strings"),
        ({b"k": 1}, "keys must be strings"),
        ({"when": object()}, "unsupported type"),
        ({"set": {1}}, "unsupported type"),
        (b"secret", "unsupported type"),
        ("secret\ud800", "non-UTF-8"),
        ({"secret\ud800": 1}, "surrogate"),
        (ENDLESS, "contains itself"),
    ],
)
def test_what_json_cannot_say_is_refused_with_a_reason_that_does_not_quote_it(value, sentence):
    with pytest.raises(NotCanonical) as refused:
        canonical_bytes(value)

    assert sentence in str(refused.value)
    assert "secret" not in str(refused.value)
