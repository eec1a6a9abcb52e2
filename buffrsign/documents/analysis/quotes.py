"""Where in a document something stands: the page, the place in that page's text, and the very words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec


class Quote(msgspec.Struct, frozen=True):
    """`text` is what stands at `[start:end]` of the text of this page, counted from 1, line ends included."""

    page: int
    start: int
    end: int
    text: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the document says. `confidence` is between 0 and 1: how often a finding of this kind is right."""

    quote: Quote
    confidence: float


@dataclass(frozen=True)
class Passage:
    """A part of a page's text. `start` is its place in there."""

    page: int
    start: int
    text: str

    @property
    def end(self) -> int:
        """The place after its last character."""
        return self.start + len(self.text)

    def quote(self, start: int = 0, end: int | None = None) -> Quote:
        """The words between these places of this passage, without the white space around them."""
        words = self.text[start:end]
        kept = words.strip()
        begin = self.start + start + (len(words) - len(words.lstrip()) if kept else 0)
        return Quote(self.page, begin, begin + len(kept), kept)

    def part(self, start: int, end: int | None = None) -> "Passage":
        """The passage between these places of this one."""
        return Passage(self.page, self.start + start, self.text[start:end])

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Each match, at places of this passage."""
        return pattern.finditer(self.text)


def pages_of(texts: Sequence[str]) -> list[Passage]:
    """Each page as a passage, counted from 1."""
    return [Passage(number, 0, text) for number, text in enumerate(texts, start=1)]


def one_line(text: str) -> str:
    """The words with single spaces between them."""
    return " ".join(text.split())
