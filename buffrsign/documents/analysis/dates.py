"""Full dates in English, Afrikaans and German, as ISO 8601, with what they are said to be."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from buffrsign.documents.analysis.quotes import Found, Passage

MAX_DATES = 500

_MONTHS = {
    1: "january januarie januar jänner jan", 2: "february februarie februar feb", 3: "march maart märz mar mrt",
    4: "april apr", 5: "may mei mai", 6: "june junie juni jun", 7: "july julie juli jul", 8: "august augustus aug",
    9: "september sept sep", 10: "october oktober oct okt", 11: "november nov",
    12: "december desember dezember dec des dez",
}  # fmt: skip
_MONTH_NUMBERS = {name: number for number, names in _MONTHS.items() for name in names.split()}
_UNITS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_TEENS = [
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
    "nineteenth",
]  # fmt: skip
_DAY_WORDS = {
    **{word: number for number, word in enumerate([*_UNITS, *_TEENS, "twentieth"], start=1)},
    **{f"twenty{word}": number for number, word in enumerate(_UNITS, start=21)},
    "thirtieth": 30,
    "thirtyfirst": 31,
}

_MONTH = "(?P<month>" + "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True)) + r")\.?"
_DAY = r"(?P<day>\d{1,2})(?:\s{0,2}(?:st|nd|rd|th|ste|de)\b|\.)?"
_DAY_WORD = (
    r"(?P<word>(?:twenty|thirty)[\s-]{0,2}(?:"
    + "|".join(_UNITS)
    + ")|"
    + "|".join([*_UNITS, *_TEENS, "twentieth", "thirtieth"])
    + ")"
)
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s{1,3})?"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_WRITTEN = (
    re.compile(
        rf"(?<!\w){_DAY}\s{{0,3}}(?:(?:day|dag)\s{{1,3}}(?:of"
        rf"|van)\s{{1,3}})?(?:of\s{{1,3}})?{_WEEKDAY}{_MONTH}\s{{0,3}},?\s{{0,3}}{_YEAR}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<!\w){_MONTH}\s{{0,3}}{_DAY}\s{{0,3}},?\s{{0,3}}{_YEAR}", re.IGNORECASE),
    re.compile(
        rf"(?<!\w){_DAY_WORD}\s{{1,3}}day\s{{1,3}}of\s{{1,3}}{_MONTH}\s{{0,3}},?\s{{0,3}}{_YEAR}", re.IGNORECASE
    ),
)
_ISO = re.compile(r"(?<![\d-])(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\d-])")
_NUMERIC = re.compile(
    r"(?<![\d/.-])(?P<one>\d{1,2})(?P<mark>[/.-])(?P<two>\d{1,2})(?P=mark)(?P<year>(?:19|20)\d\d|\d\d)(?![\d/-])"
)
_MONTH_FIRST = re.compile(
    r"United States|\bState of\b|\bDelaware\b|\bU\.?S\.?A?\b|\b(?:10-[KQ]|8-K|20-F|[SF]-[1-4]),?\s"
)

_AROUND = 120
_ROLES = (
    ("signed", re.compile(r"in witness whereof|\bsigned (?:at|on|this)|executed (?:this|on)|geteken"
    r"|unterzeichnet|/s/|^\s*date[d:]*\s*\Z", re.IGNORECASE)),
    ("expiry", re.compile(r"expir|terminat|\buntil\b|\bthrough\b|\bending\b|\bends? on|no later than|verval"
    r"|endet", re.IGNORECASE)),
    ("effective", re.compile(r"effective|\bas of\b|entered into|\bmade\b|dated|commenc|\bbetween\b|aangegaan"
    r"|geschlossen|in kraft", re.IGNORECASE)),
)  # fmt: skip


class Date(Found, frozen=True, kw_only=True):
    """`iso` is `2019-05-07`; `role` is one of `effective`, `signed`, `expiry`, `other`."""

    iso: str
    role: str


class _Read(NamedTuple):
    start: int
    end: int
    day: date
    confidence: float


def dates_of(pages: Sequence[Passage]) -> tuple[Date, ...]:
    """Each full date in the order of the text, at most `MAX_DATES`, also where it is repeated.

    Of `3/4/2020` nobody knows which is the day: the month is first where another date of the document proves it, or
    where it speaks of the United States.
    """
    month_first = _month_comes_first(pages)
    found: list[Date] = []
    for page in pages:
        for read in _dates_in(page, month_first=month_first):
            quote = page.quote(read.start, read.end)
            found.append(
                Date(quote=quote, confidence=read.confidence, iso=read.day.isoformat(), role=_role(page, read))
            )
            if len(found) == MAX_DATES:
                return tuple(found)
    return tuple(found)


def _dates_in(page: Passage, *, month_first: bool) -> Iterator[_Read]:
    taken = -1
    for read in sorted([*_written_in(page), *_numeric_in(page, month_first=month_first)]):
        if read.start >= taken:
            taken = read.end
            yield read


def _written_in(page: Passage) -> Iterator[_Read]:
    for pattern in (*_WRITTEN, _ISO):
        for match in page.matches(pattern):
            named = match.groupdict()
            month = _MONTH_NUMBERS.get(match["month"].lower()) or int(match["month"])
            day = int(named["day"]) if named.get("day") else _DAY_WORDS[re.sub(r"[\s-]", "", match["word"].lower())]
            yield from _read(match, int(match["year"]), month, day, confidence=0.97)


def _numeric_in(page: Passage, *, month_first: bool) -> Iterator[_Read]:
    for match in page.matches(_NUMERIC):
        one, two = int(match["one"]), int(match["two"])
        is_certain = max(one, two) > 12 or one == two
        month, day = (one, two) if (one <= 12 < two or (month_first and one <= 12)) else (two, one)
        yield from _read(match, _year(match["year"]), month, day, confidence=0.95 if is_certain else 0.7)


def _read(match: re.Match[str], year: int, month: int, day: int, *, confidence: float) -> Iterator[_Read]:
    """The date, unless there is no such day."""
    try:
        yield _Read(*match.span(), date(year, month, day), confidence)
    except ValueError:
        return


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits) if int(digits) < 70 else 1900 + int(digits)


def _month_comes_first(pages: Sequence[Passage]) -> bool:
    months, days = 0, 0
    for page in pages:
        for match in page.matches(_NUMERIC):
            months += int(match["two"]) > 12
            days += int(match["one"]) > 12
    if months != days:
        return months > days
    return any(_MONTH_FIRST.search(page.text) for page in pages)


def _role(page: Passage, read: _Read) -> str:
    """The role whose words stand nearest before the date."""
    before = page.text[max(0, read.start - _AROUND) : read.start]
    nearest = {role: max((match.end() for match in pattern.finditer(before)), default=-1) for role, pattern in _ROLES}
    best = max(nearest, key=lambda role: nearest[role])
    return best if nearest[best] >= 0 else "other"
