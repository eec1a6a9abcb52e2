"""Sums of money, each with its currency and its value as a decimal number."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from buffrsign.documents.analysis.quotes import Found, Passage

MAX_AMOUNTS = 500

_MARKS = {
    "N$": "NAD", "NAD": "NAD", "R": "ZAR", "ZAR": "ZAR", "US$": "USD", "U.S.$": "USD", "USD": "USD", "USD$": "USD",
    "€": "EUR", "EUR": "EUR", "£": "GBP", "GBP": "GBP", "CHF": "CHF", "RMB": "CNY", "CNY": "CNY", "¥": "JPY",
    "JPY": "JPY", "C$": "CAD", "CAD": "CAD", "CDN$": "CAD", "A$": "AUD", "AUD": "AUD", "HK$": "HKD", "HKD": "HKD",
    "S$": "SGD", "SGD": "SGD", "NIS": "ILS", "INR": "INR", "BWP": "BWP", "RUB": "RUB", "ROUBLES": "RUB",
    "RUBLES": "RUB", "USDOLLARS": "USD", "U.S.DOLLARS": "USD", "EURO": "EUR", "EUROS": "EUR", "RAND": "ZAR",
    "POUNDS": "GBP", "NAMIBIADOLLARS": "NAD", "NAMIBIANDOLLARS": "NAD",
}  # fmt: skip
_PLAIN_DOLLARS = frozenset({"$", "DOLLARS"})
_EXPONENTS = {
    "thousand": 3,
    "million": 6,
    "millionen": 6,
    "miljoen": 6,
    "billion": 9,
    "mm": 6,
    "mn": 6,
    "bn": 9,
    "m": 6,
    "k": 3,
}

_NUMBER = (
    r"(?P<number>\d{1,3}(?:[,.'’\u00a0\u202f ]\d{3}(?!\d)){1,5}(?:[.,]\d{1,4})?|\d{1,12}(?:[.,]\d{1,4})?|\.\d{1,6})"
)
_SCALE = r"(?:[\s-]{0,2}(?P<scale>(?i:thousand|million(?:en)?|miljoen|billion|mm|mn|bn)\b|[MmKk]\b))?"
_MARK = (
    r"N\$|US\s?\$|U\.\s?S\.\s?\$|USD\s?\$?|CDN\$|HK\$|[CAS]\$|[$€£¥]|NAD|ZAR|EUR|GBP|CHF|RMB|CNY|JPY|CAD"
    r"|AUD|HKD|SGD|RUB|NIS|INR|BWP|R(?=\s?\d)"
)
_NAME = r"NAD|ZAR|USD|EUR|GBP|CHF|RMB|CNY|€|£|(?i:(?:namibian?\s|u\.?s\.?\s)?dollars|euros?|rand|pounds|rou?bles)"
_MARK_FIRST = re.compile(rf"(?<![\w$])(?P<mark>{_MARK})\s{{0,2}}{_NUMBER}{_SCALE}(?![\da-z])")
_MARK_LAST = re.compile(rf"(?<![\w.,$€£]){_NUMBER}{_SCALE}\s{{0,2}}(?P<mark>{_NAME})(?!\w)")
_SPACES = re.compile(r"\s+")
_NAMIBIAN = re.compile(r"N\$|\bNamibia")
_AMERICAN = re.compile(r"US\s?\$|United States|U\.S\.")


class Amount(Found, frozen=True, kw_only=True):
    """`currency` is an ISO 4217 code; `value` is a decimal number with at least two places, such as `1200000.00`."""

    currency: str
    value: str


def amounts_of(pages: Sequence[Passage]) -> tuple[Amount, ...]:
    """Each sum in the order of the text, at most `MAX_AMOUNTS`, also where it is repeated.

    A dollar that says no country is Namibia's in a document that names Namibia and not the United States, else theirs.
    """
    dollar, confidence = _dollar_of(pages)
    found: list[Amount] = []
    for page in pages:
        for match in _sums_in(page):
            mark = _SPACES.sub("", match["mark"]).upper()
            is_plain = mark in _PLAIN_DOLLARS
            currency = dollar if is_plain else _MARKS[mark]
            number, end = match["number"], match.end()
            if currency == "USD" and " " in number:  # two columns of a table: nobody there parts thousands by a space
                number, end = number.partition(" ")[0], match.start("number") + number.index(" ")
            value = value_of(number, (match["scale"] or "") if end == match.end() else "", currency=currency)
            quote, sure = page.quote(match.start(), end), confidence if is_plain else 0.95
            found.append(Amount(quote=quote, confidence=sure, currency=currency, value=value))
            if len(found) == MAX_AMOUNTS:
                return tuple(found)
    return tuple(found)


def value_of(number: str, scale: str, *, currency: str) -> str:
    """The number as `Decimal` writes it, times `scale` (`million`, `k`), with two places or more."""
    value = Decimal(_with_point(number, currency)).scaleb(_EXPONENTS.get(scale.lower(), 0))
    places = max(2, -int(value.normalize().as_tuple().exponent))
    return f"{value:.{places}f}"


def _sums_in(page: Passage) -> Iterator[re.Match[str]]:
    taken = -1
    both = [*page.matches(_MARK_FIRST), *page.matches(_MARK_LAST)]
    for match in sorted(both, key=re.Match.start):
        if match.start() >= taken:
            taken = match.end()
            yield match


def _with_point(number: str, currency: str) -> str:
    """The digits with a point before the decimals, if there are some.

    The last separator is the decimal one unless three digits follow it, as between thousands.
    """
    parts = re.split(r"[^\d]", number)
    separators = re.findall(r"[^\d]", number)
    if not separators:
        return number
    is_fraction = len(parts[-1]) != 3 or parts[0] == "0" or (separators == ["."] and currency in {"USD", "GBP"})
    if is_fraction and separators[-1] in ".,":
        return "".join(parts[:-1]) + "." + parts[-1]
    return "".join(parts)


def _dollar_of(pages: Sequence[Passage]) -> tuple[str, float]:
    is_namibian = any(_NAMIBIAN.search(page.text) for page in pages)
    is_american = any(_AMERICAN.search(page.text) for page in pages)
    if is_namibian and not is_american:
        return "NAD", 0.8
    return "USD", 0.6 if is_namibian else 0.9
