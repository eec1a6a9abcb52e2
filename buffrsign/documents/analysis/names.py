"""What a party's name looks like: words that begin with a capital, and often a legal form at their end."""

import re
import unicodedata

FORMS = (
    r"Inc(?:orporated)?\b\.?|Corp(?:oration)?\b\.?|L\.?L\.?C\b\.?|L\.?L\.?P\b\.?|L\.?P\b\.?"
    r"|(?:\(?(?:Pty|Proprietary|Pte|PTE|PTY|Pvt)\.?\)?,?\s)?(?:Ltd\b\.?|LTD\b\.?|Limited\b|LIMITED\b)|PLC\b"
    r"|plc\b|Company\b|COMPANY\b|Co\.|CO\."
    r"|N\.?V\b\.?|B\.?V\b\.?|GmbH\b|GMBH\b|AG\b|KG\b|e\.V\.|S\.?A\b\.?(?:R\.?L\b\.?|S\b\.?)?|S\.?p\.?A\b\.?"
    r"|A/S\b|a\.s\.|AB\b|CC\b|Bpk\b|Beperk\b"
    r"|S\.?\s?[ÀàAa]\.?\s?[Rr]\.?\s?[Ll]\b\.?|INC\b\.?|INCORPORATED\b|CORP\b\.?|CORPORATION\b|inc\b\.?|N\.A\.|Trust\b|TRUST\b|Foundation\b|Bank\b"
    r"|BANK\b|University\b|UNIVERSITY\b|Institute\b"
    r"|Association\b|Partnership\b|Funds?\b|FUNDS?\b|Society\b|Ministry\b|Municipality\b|Council\b"
)
"""Legal forms, and words at the end of names that say as much."""

FORM = re.compile(rf"(?<![\w.])(?:{FORMS})")
_WORD = r"[A-Z0-9ÄÖÜÉ][^\s,;:()“”\"]*"
_LITTLE = r"(?:of|and|&|the|de|for|du|van|von|der|y|und|en)"
_PLACE = r"\([A-Z][\w .]{1,20}\)(?=\s+(?:\(|[A-Z]))"
NAME = re.compile(
    rf"(?:[Tt]he\s)?[\w][^\s,;:()“”\"]*(?:\s+(?:{_WORD}|{_PLACE}|{_LITTLE}(?=\s+(?:[A-Z]"
    rf"|the\s)))){{0,12}}(?:,?\s+(?:\((?:Pty|PTY|Proprietary)\)\s)?(?:{FORMS})(?!\w)){{0,3}}"
)
"""A name where it begins; also of a person."""

_STRONG = re.compile(
    r"(?:,?\s\(?(?:Inc|INC|inc|Incorporated|INCORPORATED|Corp|CORP|Corporation|CORPORATION|Ltd|LTD|Limited"
    r"|LIMITED|L\.?L\.?C|L\.?L?\.?P|PLC|plc|GmbH|N\.V|B\.V|S\.?A|Co|CO)"
    r"(?!\w)\.?\)?)+(?![\w.])(?!,?\s(?:of\s[A-Z]|Sub\b|Holdings?\b|Group\b))"
)
"""Where a name surely ends."""

_AND = re.compile(r"\s+(?:and|AND|And|&)\s+")
_MOST_CHARACTERS = 120
_LOOKED_AT = 400
_NOBODY = re.compile(
    r"(?:Part(?:y|ies)|Agreement|Contract|Exhibit|Inc|Company|Corporation|Section|Article"
    r"|Source)\b\.?(?:\s\w+)?\Z|Source:"
)


def normalised(name: str) -> str:
    """Only the letters and digits, in lower case, after NFKC: two spellings of one name are then mostly the same."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", name).lower() if sign.isalnum())


def name_at(text: str, start: int, until: int | None = None) -> tuple[int, int] | None:
    """Where the name that begins here, and ends before `until`, starts and ends; None where none does."""
    match = NAME.match(text, start, min(start + _LOOKED_AT, len(text) if until is None else until))
    if not match:
        return None
    end = _first_of_two(text, start, match.end())
    if strong := _STRONG.search(text, start, min(end + 1, len(text))):
        end = min(end, strong.end())
    name = text[start:end].rstrip(" ,")
    if name.startswith(("the ", "The ", "der ", "die ", "das ", "dem ", "For ", "FOR ")):
        start, name = start + 4, name[4:]
    looks_right = (
        2 < len(name) <= _MOST_CHARACTERS
        and any(sign.isupper() for sign in name)
        and sum(map(str.isalpha, name)) > len(name) / 2
    )
    return (start, start + len(name)) if looks_right else None


def has_form(text: str, start: int, end: int) -> bool:
    """Whether a legal form stands in the name, and is not all of it."""
    return bool(FORM.search(text, start, end)) and not FORM.match(text, start, end)


def _first_of_two(text: str, start: int, end: int) -> int:
    """The end of the first name, where "and" joins two with legal forms."""
    for joint in _AND.finditer(text, start, end):
        if FORM.search(text, start, joint.start() + 1) and FORM.search(text, joint.end(), end):
            return joint.start()
    return end
