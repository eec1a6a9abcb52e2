"""Words in a text that stand for what is to be put in their place: "<<enter name>>", "[Date]", "[●]"."""

import re
from collections.abc import Iterator

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Page
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import kind_of

_MARKED = re.compile(
    r"<<(?P<named>[^<>]{2,60})>>|[\[(][●•][\])]"
    r"|\[(?P<short>(?i:(?:insert |enter )?(?:full |printed )?(?:name|title|date|address|company name))"
    r"(?: of [\w ]{2,30})?)\]"
)


def placeholders_of(page: Page) -> Iterator[Found]:
    """Each of them; where it stands in its phrase is estimated from how many characters there are."""
    for phrase in page.phrases():
        wide = (phrase.x1 - phrase.x0) / len(phrase.text)
        for found in _MARKED.finditer(phrase.text):
            x0, x1 = (phrase.x0 + at * wide for at in found.span())
            kind = kind_of(found["named"] or found["short"] or "") or FieldType.TEXT
            yield Found(kind, page.number, (x0, phrase.y, x1, phrase.y + phrase.size), Ground.PLACEHOLDER)
