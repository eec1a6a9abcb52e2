"""Labels without a colon and their values in one phrase, as in "Title Director", under a signature that was typed."""

import re
from collections.abc import Iterable, Iterator

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import kind_of

_LABEL = re.compile(
    r"^(?P<label>(?:Print(?:ed)? |Full )?Name|Title|Date|Its|Position|Capacity|Function|Designation"
    r"|Naam|Datum|Hoedanigheid|Funktion|Titel)\s+(?P<value>[A-Z0-9][^:]{1,60})$"
)
_UNDER = 8.0  # of the size of the writing
_ALIGNED = 3.0


def unmarked_of(page: Page, signatures: Iterable[Found]) -> Iterator[Found]:
    """The values of such labels, if a filled signature stands over them, in their column."""
    signed = [found.rect for found in signatures if found.filled]
    for phrase in page.phrases() if signed else ():
        found = _LABEL.match(phrase.text)
        if found is not None and any(_is_under(phrase, rect[0], rect[1]) for rect in signed):
            yield _value(page, phrase, found)


def _is_under(phrase: Phrase, x: float, y: float) -> bool:
    return 0 < y - phrase.y < _UNDER * phrase.size and -1 < x - phrase.x0 < _ALIGNED * phrase.size


def _value(page: Page, phrase: Phrase, found: re.Match[str]) -> Found:
    """Where the value begins is estimated from how many characters stand before it."""
    x0 = phrase.x0 + found.start("value") * (phrase.x1 - phrase.x0) / len(phrase.text)
    kind = kind_of(found["label"]) or FieldType.TEXT
    return Found(kind, page.number, (x0, phrase.y, phrase.x1, phrase.y + phrase.size), Ground.FILLED_LABEL, filled=True)
