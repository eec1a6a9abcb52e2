import pytest

from buffrsign.documents.analysis.amounts import MAX_AMOUNTS, amounts_of
from buffrsign.documents.analysis.quotes import pages_of


def sums(text: str) -> list[tuple[str, str]]:
    return [(amount.currency, amount.value) for amount in amounts_of(pages_of([text]))]


@pytest.mark.parametrize(
    ("written", "currency", "value"),
    [
        ("N$ 1 250,00", "NAD", "1250.00"),
        ("N$1 250 000", "NAD", "1250000.00"),
        ("NAD 1,250.50", "NAD", "1250.50"),
        ("5 million Namibian dollars", "NAD", "5000000.00"),
        ("R1 200.50", "ZAR", "1200.50"),
        ("ZAR 3.5 million", "ZAR", "3500000.00"),
        ("$1,234,567.89", "USD", "1234567.89"),
        ("US $5 million", "USD", "5000000.00"),
        ("U.S. $3.25", "USD", "3.25"),
        ("$0.005", "USD", "0.005"),
        ("$1.250", "USD", "1.25"),
        ("$2.5MM", "USD", "2500000.00"),
        ("100,000 US dollars", "USD", "100000.00"),
        ("€ 1.250", "EUR", "1250.00"),
        ("1.250,75 EUR", "EUR", "1250.75"),
        ("£12", "GBP", "12.00"),
        ("HK$ 7,000", "HKD", "7000.00"),
    ],
)
def test_a_sum_has_its_currency_and_its_value(written, currency, value):
    assert sums(f"They pay {written} at once.") == [(currency, value)]


@pytest.mark.parametrize("written", ["100 shares", "Section R 5a", "AR 5", "5%", "rand", "$", "a dollar"])
def test_what_names_no_sum_is_none(written):
    assert sums(f"They give {written} at once.") == []


@pytest.mark.parametrize(
    ("text", "currency"),
    [("$5 in Namibia", "NAD"), ("$5", "USD"), ("$5 in Namibia, or in the United States", "USD")],
    ids=["Namibia", "nobody", "both"],
)
def test_a_dollar_without_a_country_is_that_of_the_document(text, currency):
    assert sums(text) == [(currency, "5.00")]


def test_two_columns_of_a_table_are_two_numbers():
    assert sums("$25 200 $30 150") == [("USD", "25.00"), ("USD", "30.00")]


def test_no_more_sums_are_kept_than_anybody_can_use():
    assert len(sums("€5 " * (MAX_AMOUNTS + 5))) == MAX_AMOUNTS
