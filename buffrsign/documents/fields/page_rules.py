"""All rules together on one page."""

from collections.abc import Iterable
from itertools import chain, islice

from buffrsign.documents.fields.blanks import blanks_of
from buffrsign.documents.fields.boxes import cells_of, ticks_of
from buffrsign.documents.fields.field import FieldType, Rect
from buffrsign.documents.fields.geometry import Page
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.initials import initials_asked_for
from buffrsign.documents.fields.lists import left_out_of
from buffrsign.documents.fields.placeholders import placeholders_of
from buffrsign.documents.fields.typed import conformed_of, labels_of, values_of
from buffrsign.documents.fields.unmarked import unmarked_of
from buffrsign.documents.fields.vocabulary import is_about_signing

MAX_ON_PAGE = 300
"""Fields of one page that are looked at further; each is compared with each."""

_ONLY_WHERE_SIGNED = frozenset({Ground.PARTY_LEFT, Ground.PARTY_BELOW, Ground.LABEL_BELOW, Ground.LABEL_ABOVE})
_TOLERANCE_PT = 3.0


def fields_on(page: Page) -> list[Found]:
    """What the rules find on a page; where two find the same place, the first of them is right."""
    certain = chain(blanks_of(page), initials_asked_for(page), conformed_of(page), cells_of(page))
    strong = list(islice(certain, MAX_ON_PAGE))
    if not is_about_signing(" ".join(phrase.text for phrase in page.phrases())):
        strong = [each for each in strong if each.ground not in _ONLY_WHERE_SIGNED]
    signatures = [each for each in strong if each.type is FieldType.SIGNATURE]
    typed = chain(labels_of(page, signatures), unmarked_of(page, signatures))
    rest = chain(values_of(page), ticks_of(page), placeholders_of(page), left_out_of(page))
    weak = islice(chain(typed, rest), MAX_ON_PAGE)
    return distinct([*strong, *weak])


def distinct(found: Iterable[Found]) -> list[Found]:
    """The first finding at each place of a page."""
    kept: list[Found] = []
    for each in found:
        if not any(_is_same_place(each.rect, other.rect) for other in kept):
            kept.append(each)
    return kept


def _is_same_place(one: Rect, other: Rect) -> bool:
    return _holds_middle(one, other) or _holds_middle(other, one)


def _holds_middle(rect: Rect, other: Rect) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return rect[0] <= x <= rect[2] and rect[1] - _TOLERANCE_PT <= y <= rect[3] + _TOLERANCE_PT
