"""Which parts of a labelled paragraph a label is about: those in which its clause stands."""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

SHARE = 0.3  # a part has a clause where so much of the shorter of the two is common to both
_EDGE = 60  # so many letters at a clause's beginning or end are enough to know it by
_FEWEST_LETTERS = 20
_BETWEEN = re.compile(r"[\W_]+")


def letters(text: str) -> str:
    """The letters and digits alone: data differ in white space and in quotation marks."""
    return _BETWEEN.sub("", text.lower())


def placed(parts: Sequence[str], labels: Iterable[str], clauses: Iterable[tuple[str, Sequence[str]]]) -> list[set[str]]:
    """The labels of each part of a paragraph with these labels; the clauses of its contract are letters and labels.

    A label whose clause is not found in the paragraph is given to all of its parts.
    """
    wanted = set(labels)
    found: list[set[str]] = [set() for _ in parts]
    if not wanted:
        return found
    own = [letters(part) for part in parts]
    paragraph, edges = "".join(own), list(accumulate(map(len, own), initial=0))
    for clause, said in clauses:
        begin, end = _place(clause, paragraph) if wanted.intersection(said) else (0, 0)
        for mine, (first, last) in zip(found, pairwise(edges), strict=True):
            common = min(end, last) - max(begin, first)
            if common > 0 and common >= SHARE * min(last - first, len(clause)):
                mine.update(wanted.intersection(said))
    nowhere = wanted.difference(*found)
    return [mine | nowhere for mine in found]


def _place(clause: str, paragraph: str) -> tuple[int, int]:
    """Where a clause, or what a page's end left of it, stands in a paragraph; nowhere is from 0 to 0."""
    if (begin := paragraph.find(clause)) >= 0:
        return begin, begin + len(clause)
    if len(paragraph) > _FEWEST_LETTERS and paragraph in clause:
        return 0, len(paragraph)
    if (begin := paragraph.find(clause[:_EDGE])) >= 0:
        return begin, min(begin + len(clause), len(paragraph))
    if (last := paragraph.find(clause[-_EDGE:])) >= 0:
        end = last + len(clause[-_EDGE:])
        return max(0, end - len(clause)), end
    return 0, 0
