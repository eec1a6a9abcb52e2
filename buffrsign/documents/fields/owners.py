"""Whose the fields are: a block is one party's, and blocks with one heading, or one signer, are the same party's."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from buffrsign.documents.fields.blocks import FARTHEST_HEADING_PT, ROW_PT, Block, blocks_of
from buffrsign.documents.fields.field import FieldType, Owner
from buffrsign.documents.fields.geometry import Page
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import is_party

MAX_HEADING = 120  # characters
_IN_TEXT = frozenset({Ground.GAP, Ground.AFTER_WORDS, Ground.PLACEHOLDER})
_NAMES_NOBODY = frozenset({Ground.FOOT, Ground.BESIDE_INITIALS})
_LETTERS = re.compile(r"[^\W_]+")
_LEADING = re.compile(
    r"^\W*(?:signed )?(?:for and on behalf of|for and behalf|on behalf of|for|namens|für(?: die| den)?)\b[:\s]*",
    re.IGNORECASE,
)


def owners_of(found: Iterable[Found], pages: Mapping[int, Page]) -> tuple[dict[Found, int], tuple[Owner, ...]]:
    """Each field's party, by number, if it has one, and the parties in their order."""
    everything = list(found)
    blocks: list[Block] = []
    signed = {each.page for each in everything if each.type is FieldType.SIGNATURE}
    for number, on_page in _by_page(each for each in everything if _is_in_block(each, signed)).items():
        blocks += blocks_of(on_page, pages[number])
    owners = _Owners()
    for block in sorted(blocks, key=lambda block: block.position):
        owners.take(block)
    owners.take_initials([each for each in everything if each.type is FieldType.INITIALS])
    owners.take_what_is_in_line([each for each in everything if not _is_in_block(each, signed)])
    return owners.of, tuple(Owner(number, heading) for number, heading in enumerate(owners.headings, start=1))


def _is_in_block(found: Found, signed: set[int]) -> bool:
    """Not so a gap in running text, which is the whole contract's, nor a date in a sentence where nobody signs."""
    if found.type in {FieldType.INITIALS, FieldType.CHECKBOX} or found.ground in _IN_TEXT:
        return False
    return found.ground is not Ground.SENTENCE or found.page in signed


@dataclass
class _Owners:
    of: dict[Found, int] = field(default_factory=dict)
    headings: list[str] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)
    _named: set[tuple[int, int]] = field(default_factory=set)

    def take(self, block: Block) -> None:
        """Give a block's fields to the party of its heading or its signer, or to a new one."""
        name = _LEADING.sub("", block.heading).strip(" :")
        party = _key(name) if is_party(block.heading) else ""
        signers = [_key(each.signer) for each in block.found]
        number = self._known.get(party) if party else None
        if number is None:
            number = next((self._known[key] for key in signers if self._is_of_one(key, block.page, party)), None)
        if number is None:
            self.headings.append(name[:MAX_HEADING])
            number = len(self.headings)
        self._known.update(dict.fromkeys(filter(None, [party, *signers]), number))
        if party:
            self._named.add((number, block.page))
        self.of.update(dict.fromkeys(block.found, number))

    def _is_of_one(self, signer: str, page: int, party: str) -> bool:
        """Whether a signer tells whose the block is. One person may sign a page for several parties that are named."""
        return signer in self._known and not (party and (self._known[signer], page) in self._named)

    def take_initials(self, initials: list[Found]) -> None:
        """Initials on one line with a label each are the parties' in their order; others may be anybody's."""
        by_page = _by_page(initials)
        for each in initials:
            row = [other for other in by_page[each.page] if _is_level(other, each)]
            if len(row) > 1 and _NAMES_NOBODY.isdisjoint(other.ground for other in row):
                self.of[each] = 1 + sorted(row, key=lambda other: other.rect[0]).index(each)

    def take_what_is_in_line(self, found: list[Found]) -> None:
        """A tick or initials by a party's field are that party's, and those of a form are its one party's."""
        owned = _by_page(self.of)
        for each in found:
            if each in self.of or each.ground in _IN_TEXT or each.ground is Ground.SENTENCE:
                continue
            on_page = owned.get(each.page, [])
            near = [
                (abs(other.rect[1] - each.rect[1]), self.of[other])
                for other in on_page
                if abs(other.rect[0] - each.rect[0]) < 1
            ]
            parties = {self.of[other] for other in on_page}
            if near and min(near)[0] < FARTHEST_HEADING_PT:
                self.of[each] = min(near)[1]
            elif len(parties) == 1 and each.ground is Ground.NAMED_WIDGET:
                self.of[each] = parties.pop()


def _by_page(found: Iterable[Found]) -> dict[int, list[Found]]:
    by_page: dict[int, list[Found]] = {}
    for each in found:
        by_page.setdefault(each.page, []).append(each)
    return by_page


def _is_level(one: Found, other: Found) -> bool:
    return abs(one.rect[1] - other.rect[1]) < ROW_PT


def _key(name: str) -> str:
    return "".join(_LETTERS.findall(name.lower()))
