"""Where a document is signed, as far as its words say so."""

import re
from collections.abc import Sequence

from buffrsign.documents.analysis.quotes import Found, Passage

MAX_BLOCKS = 60

_CUES = {
    "witness_clause": re.compile(r"\bIN WITNESS WHEREOF\b[^\n]{0,200}|\b(?:As getuienis"
    r"|Zu Urkund)\b[^\n]{0,200}", re.IGNORECASE),
    "conformed": re.compile(r"/s/[ \t]{0,3}[^\n]{2,60}"),
    "line": re.compile(r"^[ \t]{0,60}(?:By|Per|Signed|Signature|Signed by|Geteken|Handtekening|Unterschrift"
    r"|Unterzeichnet)[ \t]{0,3}(?::[^\n]{0,80}|[_.]{3,}[^\n]{0,40})", re.MULTILINE | re.IGNORECASE),
    "place_and_day": re.compile(r"\b(?:signed|geteken|thus done and signed)\s{1,3}(?:at"
    r"|te)\s[^\n]{0,120}", re.IGNORECASE),
}  # fmt: skip


class SignatureBlock(Found, frozen=True, kw_only=True):
    """`cue` is what shows it: `witness_clause`, `conformed` (`/s/`), `line`, `place_and_day`."""

    cue: str


def signature_blocks_of(pages: Sequence[Passage]) -> tuple[SignatureBlock, ...]:
    """Each cue in the order of the text, at most `MAX_BLOCKS`."""
    found = [
        SignatureBlock(quote=page.quote(*match.span()), confidence=0.85, cue=cue)
        for page in pages
        for cue, pattern in _CUES.items()
        for match in page.matches(pattern)
        if match.group().strip()
    ]
    return tuple(sorted(found, key=lambda each: (each.quote.page, each.quote.start))[:MAX_BLOCKS])
