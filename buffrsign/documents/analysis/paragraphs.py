"""A page's text in paragraphs, and those in sentences, from its lines alone.

PDFium gives lines and no paragraphs. One begins where a line is numbered, follows an empty line, or follows a line that
ended a sentence before the right edge.
"""

import re
from collections.abc import Iterator
from statistics import quantiles

from buffrsign.documents.analysis.quotes import Passage

MAX_PARAGRAPH_CHARACTERS = 6000
"""A longer one is cut there, so that what looks at one paragraph has an end."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_NUMBERED = re.compile(
    r"\s{0,40}(?:\d{1,3}(?:\.\d{1,3}){0,4}[.)]?(?=\s|[A-Z(])|\([a-z0-9]{1,4}\)|[A-Z]\.\s|§\s?\d|[•●▪◦·–-]\s"
    r"|(?:section|article|artikel|clause|schedule|exhibit|annex|appendix|whereas|now,? therefore|in witness)\b)",
    re.IGNORECASE,
)
_ENDS_SENTENCE = re.compile(r"[.;:!?)\"”’_]\s*\Z")
_SENTENCE_END = re.compile(r"(?<=[.!?;])[\"”’)]{0,2}\s+(?=[\"“‘(]?[A-Z0-9(])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Inc|Corp|Ltd|Co|No|Nos|Mr|Mrs|Ms|Dr|St|Sec|Art|vs|etc|e\.g|i\.e|approx|Pty|Nr|bzw|[A-Z]|\d{1,2})\.)\Z"
)
_FULL_SHARE = 0.8


def paragraphs_of(page: Passage) -> list[Passage]:
    """The paragraphs of a page in their order, none of them empty or longer than `MAX_PARAGRAPH_CHARACTERS`."""
    lines = [page.part(*line.span()) for line in page.matches(_LINE)]
    width = _usual_width(lines)
    starts: list[int] = []
    ends: list[int] = []
    before: Passage | None = None
    for line in lines:
        is_empty = not line.text.strip()
        if not is_empty and (before is None or _begins(line, before, width=width, start=starts[-1])):
            starts.append(line.start)
            ends.append(line.end)
        elif not is_empty:
            ends[-1] = line.end
        before = None if is_empty else line
    return [page.part(start - page.start, end - page.start) for start, end in zip(starts, ends, strict=True)]


def sentences_of(paragraph: Passage) -> Iterator[Passage]:
    """The sentences of a paragraph; a semicolon ends one too, since contracts hang lists on them."""
    start = 0
    for gap in paragraph.matches(_SENTENCE_END):
        if _ABBREVIATION.search(paragraph.text, max(start, gap.start() - 12), gap.start()):
            continue
        yield paragraph.part(start, gap.start())
        start = gap.end()
    if paragraph.text[start:].strip():
        yield paragraph.part(start)


def _begins(line: Passage, before: Passage, *, width: float, start: int) -> bool:
    """Whether a new paragraph begins with this line, where the last one began at `start`."""
    if _NUMBERED.match(line.text) or line.end - start > MAX_PARAGRAPH_CHARACTERS:
        return True
    last, first = before.text.rstrip(), line.text.lstrip()
    is_short = len(last) < _FULL_SHARE * width
    if is_short and (_ENDS_SENTENCE.search(last[-3:]) or last.isupper() != first.isupper()):
        return True
    return is_short and len(last) < width / 2 and not first[:1].islower()


def _usual_width(lines: list[Passage]) -> float:
    """How long the page's full lines are, in characters."""
    lengths = [len(line.text.strip()) for line in lines if line.text.strip()]
    return quantiles(lengths, n=10)[-1] if len(lengths) > 1 else 0.0
