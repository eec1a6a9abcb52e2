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
_LETTERS = re.compile(r"[^\W_]+")
_LEADING = re.compile(
    r"^\W*(?:signed )?(?:for and on behalf of|for and behalf|on behalf of|for|namens|für(?: die| den)?)\b[:\s]*",
    re.IGNORECASE,
)


def owners_of(found: Iterable[Found], pages: Mapping[int, Page]) -> tuple[dict[Found, int], tuple[Owner, ...]]:
    """Each field's party, by number, if it has one, and the parties in their order."""
    everything = list(found)
    blocks: list[Block] = []
    for number, on_page in _by_page(filter(_is_in_block, everything)).items():
        blocks += blocks_of(on_page, pages[number])
    owners = _Owners()
    for block in sorted(blocks, key=lambda block: block.position):
        owners.take(block)
    owners.take_initials([each for each in everything if each.type is FieldType.INITIALS])
    owners.take_what_is_in_line([each for each in everything if not _is_in_block(each)])
    return owners.of, tuple(Owner(number, heading) for number, heading in enumerate(owners.headings, start=1))


def _is_in_block(found: Found) -> bool:
    return found.type not in {FieldType.INITIALS, FieldType.CHECKBOX} and found.ground is not Ground.GAP


@dataclass
class _Owners:
    of: dict[Found, int] = field(default_factory=dict)
    headings: list[str] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)

    def take(self, block: Block) -> None:
        """Give a block's fields to the party of its heading or its signer, or to a new one."""
        name = _LEADING.sub("", block.heading).strip(" :")
        keys = [_key(name)] if is_party(block.heading) else []
        keys += [_key(each.signer) for each in block.found]
        number = next((self._known[key] for key in keys if key in self._known), None)
        if number is None:
            self.headings.append(name[:MAX_HEADING])
            number = len(self.headings)
        self._known.update(dict.fromkeys(filter(None, keys), number))
        self.of.update(dict.fromkeys(block.found, number))

    def take_initials(self, initials: list[Found]) -> None:
        """Initials on one line are the parties' in their order; a single place may be anybody's."""
        by_page = _by_page(initials)
        for each in initials:
            row = [other for other in by_page[each.page] if _is_level(other, each)]
            if len(row) > 1 and each.ground is not Ground.FOOT:
                self.of[each] = 1 + sorted(row, key=lambda other: other.rect[0]).index(each)

    def take_what_is_in_line(self, found: list[Found]) -> None:
        """A tick or initials right under or over a party's field, as in a form, are that party's."""
        owned = _by_page(self.of)
        for each in found:
            near = [
                (abs(other.rect[1] - each.rect[1]), self.of[other])
                for other in owned.get(each.page, [])
                if abs(other.rect[0] - each.rect[0]) < 1
            ]
            if each not in self.of and each.ground is not Ground.GAP and near and min(near)[0] < FARTHEST_HEADING_PT:
                self.of[each] = min(near)[1]


def _by_page(found: Iterable[Found]) -> dict[int, list[Found]]:
    by_page: dict[int, list[Found]] = {}
    for each in found:
        by_page.setdefault(each.page, []).append(each)
    return by_page


def _is_level(one: Found, other: Found) -> bool:
    return abs(one.rect[1] - other.rect[1]) < ROW_PT


def _key(name: str) -> str:
    return "".join(_LETTERS.findall(name.lower()))
