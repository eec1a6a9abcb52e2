"""The fields of a page in blocks, one for each party: what is between two headings, or until something repeats."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Page, Phrase
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import is_company, is_party, kind_of, names_no_party, opens_witnesses

ROW_PT = 8.0
_MOST_COLUMNS = 4
_IN_BOXES = frozenset(
    {
        Ground.SIGNATURE_WIDGET,
        Ground.NAMED_WIDGET,
        Ground.LABELLED_WIDGET,
        Ground.WIDGET,
        Ground.BOX,
        Ground.BOX_BELOW,
        Ground.UNKNOWN_BOX,
    }
)
_DONE = frozenset({Ground.DONE, Ground.SENTENCE})
FARTHEST_HEADING_PT = 90.0
_LETTERS = re.compile(r"[^\W_]+")
_ONCE = frozenset({FieldType.SIGNATURE, FieldType.NAME, FieldType.PLACE})
_LINES_APART = 4.0  # of the size of the writing, between the lines of one heading


@dataclass
class Block:
    """Fields of one party that follow each other, and what stands over them. `column` counts from 0."""

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
    in_rows = [each for each in found if each.ground is Ground.COLUMN]
    blocks = _rows(in_rows, page.number)
    found = [each for each in found if each not in in_rows]
    for done in _signed_apart(found, page):
        blocks.append(Block(page.number, 0, done, _heading_of_done(done, headings)))
        found = [each for each in found if each not in done]
    signers = _signers(found)
    is_one = signers == 1 or (signers == 0 and all(each.ground in _IN_BOXES for each in found))
    is_form = is_one and not _stand_side_by_side(headings)
    columns = [(found, headings)] if is_form else _columns(found, headings)
    for column, (inside, over) in enumerate(columns):
        ordered = sorted(inside, key=lambda each: (-round(each.rect[1] / ROW_PT), each.rect[0]))
        blocks += _stacked(ordered, over, page.number, column, is_form=is_form)
    return blocks


def _signers(found: list[Found]) -> int:
    return sum(each.type is FieldType.SIGNATURE and not each.witness for each in found)


def _stand_side_by_side(headings: list[Phrase]) -> bool:
    """Whether two parties' names are level with each other."""
    parties = [phrase for phrase in headings if is_party(phrase.text)]
    return any(
        abs(one.y - other.y) < ROW_PT and other.x0 > one.x1 for one in parties for other in parties if one is not other
    )


def _signed_apart(found: list[Found], page: Page) -> Iterator[list[Found]]:
    """The fields under each "done and signed at …": one party's each, if there are several, or witnesses under it."""
    sentences = sorted(
        (each.rect[1] for each in found if each.type is FieldType.PLACE and each.ground in _DONE), reverse=True
    )
    witnesses = [phrase.y for phrase in page.phrases() if opens_witnesses(phrase.text)]
    for upper, lower in pairwise([*sentences, 0.0]):
        if len(sentences) > 1 or any(lower < y < upper for y in witnesses):
            yield [each for each in found if lower + ROW_PT < each.rect[1] <= upper + ROW_PT]


def _heading_of_done(found: list[Found], headings: list[Phrase]) -> str:
    """For whom it is signed: what stands at a signature, or the name of a party between the fields."""
    lower, upper = min(each.rect[1] for each in found), max(each.rect[1] for each in found)
    named = [each.party for each in found if each.party]
    between = [phrase.text for phrase in headings if lower - 2 * ROW_PT < phrase.y < upper and is_party(phrase.text)]
    return next(iter([*named, *between]), "")


def _rows(found: list[Found], page: int) -> list[Block]:
    """The cells of tables that one person fills in: those of one row."""
    blocks: list[Block] = []
    for each in sorted(found, key=lambda each: (-each.rect[1], each.rect[0])):
        if not blocks or abs(blocks[-1].found[0].rect[1] - each.rect[1]) > ROW_PT:
            blocks.append(Block(page, 0))
        blocks[-1].found.append(each)
    return blocks


def _columns(found: list[Found], headings: list[Phrase]) -> list[tuple[list[Found], list[Phrase]]]:
    """The fields and headings of each column, from left to right."""
    columns: list[tuple[list[Found], list[Phrase]]] = []
    while len(columns) < _MOST_COLUMNS:
        split = _split(found, headings)
        columns.append(
            ([each for each in found if each.rect[0] < split], [each for each in headings if each.x0 < split])
        )
        found = [each for each in found if each.rect[0] >= split]
        headings = [each for each in headings if each.x0 >= split]
        if not found:
            break
    return columns


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


def _stacked(found: list[Found], headings: list[Phrase], page: int, column: int, *, is_form: bool) -> list[Block]:
    """Blocks one under the other. Where one signs at most, as in a form, only a heading begins another."""
    blocks: list[Block] = []
    for each in found:
        heading = _heading(each, blocks[-1].found[-1] if blocks else None, headings)
        repeats = bool(blocks) and not is_form and _is_next(blocks[-1], each)
        is_new = not blocks or repeats or (bool(heading) and not blocks[-1].is_preamble)
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
    return is_loud or (is_party(phrase.text) and words[0][0].isupper() and _is_no_sentence(phrase.text))


def _is_no_sentence(text: str) -> bool:
    """Whether it ends without a full stop, but for that of "Inc."."""
    return not text.endswith(".") or is_company(text.rsplit(maxsplit=1)[-1])


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
