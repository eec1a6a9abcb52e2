"""The fields of a page in blocks, one for each party: what is between two headings, or until something repeats."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Page, Phrase
from buffrsign.documents.fields.grounds import Found
from buffrsign.documents.fields.vocabulary import is_party, kind_of, names_no_party

ROW_PT = 8.0
FARTHEST_HEADING_PT = 90.0
_LETTERS = re.compile(r"[^\W_]+")
_ONCE = frozenset({FieldType.SIGNATURE, FieldType.NAME, FieldType.PLACE})
_LINES_APART = 4.0  # of the size of the writing, between the lines of one heading


@dataclass
class Block:
    """Fields of one party that follow each other, and what stands over them. `column` is 1 in a right-hand column."""

    page: int
    column: int
    found: list[Found] = field(default_factory=list)
    heading: str = ""

    @property
    def is_preamble(self) -> bool:
        """Whether it only says where and when, so that the one who signs comes after it."""
        return {each.type for each in self.found} <= {FieldType.PLACE, FieldType.DATE}

    @property
    def position(self) -> tuple[int, float, int]:
        """Its place in the order of reading; blocks whose tops are level are read from left to right."""
        return self.page, -round(max(each.rect[3] for each in self.found) / 24), self.column


def blocks_of(found: list[Found], page: Page) -> list[Block]:
    """The fields of one page in their blocks."""
    headings = [phrase for phrase in page.phrases() if _is_heading(phrase)]
    split = _split(found, headings)
    blocks: list[Block] = []
    for column in (0, 1):
        inside = [each for each in found if (each.rect[0] >= split) == bool(column)]
        over = [phrase for phrase in headings if (phrase.x0 >= split) == bool(column)]
        ordered = sorted(inside, key=lambda each: (-round(each.rect[1] / ROW_PT), each.rect[0]))
        blocks += _stacked(ordered, over, page.number, column)
    return blocks


def _split(found: list[Found], headings: list[Phrase]) -> float:
    """Where the right-hand column begins; infinite without one.

    Two fields of one type on one line are two parties', unless only the left of them stands under a party's name.
    """
    pairs = [
        (each, other)
        for each in found
        for other in found
        if each.type is other.type
        and each.type is not FieldType.DATE
        and not each.witness
        and not other.witness
        and abs(each.rect[1] - other.rect[1]) < ROW_PT
        and each.rect[2] < other.rect[0] + 2
    ]
    first = min((right.rect[0] for _, right in pairs), default=float("inf"))
    split = max((left.rect[2] for left, _ in pairs if left.rect[2] <= first + 2), default=first) - 2
    parties = [phrase for phrase in headings if is_party(phrase.text)]
    at_left = any(_is_over(phrase, left) and phrase.x0 < split for phrase in parties for left, _ in pairs)
    at_right = any(_is_over(phrase, right) and phrase.x0 >= split for phrase in headings for _, right in pairs)
    say_below = any(right.party for _, right in pairs)
    only_signatures = all(left.type is FieldType.SIGNATURE for left, _ in pairs)
    return float("inf") if only_signatures and at_left and not at_right and not say_below else split


def _is_over(phrase: Phrase, found: Found) -> bool:
    return found.rect[1] < phrase.y < found.rect[1] + FARTHEST_HEADING_PT


def _stacked(found: list[Found], headings: list[Phrase], page: int, column: int) -> list[Block]:
    blocks: list[Block] = []
    for each in found:
        heading = _heading(each, blocks[-1].found[-1] if blocks else None, headings)
        is_new = not blocks or _is_next(blocks[-1], each) or (bool(heading) and not blocks[-1].is_preamble)
        if is_new:
            blocks.append(Block(page, column))
        block = blocks[-1]
        block.heading = block.heading or heading or each.party
        block.found.append(each)
    return blocks


def _is_heading(phrase: Phrase) -> bool:
    words = phrase.text.split()
    if not 1 <= len(words) <= 12 or names_no_party(phrase.text):
        return False
    if kind_of(phrase.text) is not None and not is_party(phrase.text):
        return False
    is_loud = phrase.text.upper() == phrase.text and bool(_LETTERS.search(phrase.text)) and len(phrase.text) > 3
    return is_loud or (is_party(phrase.text) and words[0][0].isupper() and not phrase.text.endswith("."))


def _heading(each: Found, before: Found | None, headings: list[Phrase]) -> str:
    """The heading over a field and under the field before it, in its column; of several lines, the first."""
    x0, y0, x1, _ = each.rect
    limit = y0 + FARTHEST_HEADING_PT
    if before is not None and abs(before.rect[1] - y0) <= ROW_PT:
        return ""
    if before is not None and before.rect[1] > y0:
        limit = min(limit, before.rect[1] - 2)
    over = [
        phrase
        for phrase in headings
        if y0 + ROW_PT < phrase.y < limit
        and phrase.x0 < x1
        and phrase.x1 > x0 - 130
        and (before is None or phrase.text != before.party)
    ]
    over.sort(key=lambda phrase: phrase.y)
    for lower, upper in pairwise(over):
        if upper.y - lower.y > _LINES_APART * lower.size:
            return lower.text
    return over[-1].text if over else ""


def _is_next(block: Block, each: Found) -> bool:
    """Whether a field begins a block, because the block before it has its like already."""
    last = block.found[-1]
    types = {known.type for known in block.found if not known.witness}
    if each.witness or abs(last.rect[1] - each.rect[1]) <= ROW_PT:
        return False
    if each.type in _ONCE:
        return each.type in types
    repeats_date = each.type is FieldType.DATE and FieldType.DATE in types and last.type is not FieldType.DATE
    return repeats_date and FieldType.SIGNATURE in types
