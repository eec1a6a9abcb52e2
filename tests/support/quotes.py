"""Every quote in an analysis, however deep it lies."""

from collections.abc import Iterator, Sequence

import msgspec

from buffrsign.documents.analysis import Analysis
from buffrsign.documents.analysis.quotes import Quote


def quotes_in(analysis: Analysis) -> list[Quote]:
    """All of them, in no order."""
    return list(_quotes(analysis))


def misquoted(analysis: Analysis, pages: Sequence[str]) -> list[Quote]:
    """Those whose words do not stand at their place on the page."""
    return [quote for quote in quotes_in(analysis) if pages[quote.page - 1][quote.start : quote.end] != quote.text]


def _quotes(value: object) -> Iterator[Quote]:
    if isinstance(value, Quote):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _quotes(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from _quotes(each)
