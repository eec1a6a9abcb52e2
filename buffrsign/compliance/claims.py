"""Which claims of accreditation a text makes: that a service, certificate or signature is accredited or recognised.

A scan for wording, sentence by sentence. A sentence that denies it, asks for it, supposes it or defines it is no claim.
In doubt about a bare label ("CRAN-accredited" in a footer) it is one, because that is how people hold themselves out.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

_AUTHORITY = r"(?:CRAN|(?:the )?Communications Regulatory Authority(?: of Namibia)?(?: \(CRAN\))?)"
_THING = (
    r"(?:(?:electronic|digital|e-?|advanced|trust|security|certification|signing) ?){0,3}"
    r"(?:signatures?|certificates?|service|services|providers?|products?)"
)

CLAIMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "cran_accredited": re.compile(
            rf"\b{_AUTHORITY}[ -]?accredited\b"
            rf"|\b{_AUTHORITY} (?:has |have )?accredited\b"
            rf"|\baccredited\b[^.]{{0,60}}?\b(?:by|with|through) {_AUTHORITY}\b"
            rf"|\b(?:holds?|has|have|under|our|with)\b[^.]{{0,20}}? {_AUTHORITY} accreditation\b"
            rf"|\b(?:holds?|has|have) (?:an? )?accreditation (?:by|from|of) {_AUTHORITY}\b",
            re.IGNORECASE,
        ),
        "accredited_service": re.compile(
            rf"\baccredited (?:by [^.]{{1,40}} )?{_THING}\b"
            r"|\baccredited\b[^.]{0,40}?\bunder\b[^.]{0,40}?\b(?:Electronic Transactions Act|ETA|Chapter 5)\b",
            re.IGNORECASE,
        ),
        "recognised_signature": re.compile(
            r"\brecogni[sz]ed (?:advanced )?(?:electronic |digital |e-?)signatures?\b", re.IGNORECASE
        ),
    }
)

_REACH = 200  # characters around a claim that can take it back; bounded, so that a hostile text stays cheap


def _words(*alternatives: str) -> str:
    return rf"\b(?:{'|'.join(alternatives)})\b"


_SENTENCE_END = re.compile(r"[.!?;]\s+(?!\d)|[\u2022\u00b7|]|\n\s*\n|\n(?=(?:This|These|Our|We|All|BuffrSign)\b)")
# A new subject begins a new statement, so that "not a bank, but this service is accredited" is still a claim.
_SUBJECT = _words("this", "these", "the", "our", "we", "it", "its", "all", "your", "buffrsign")
_NEW_STATEMENT = re.compile(
    rf"{_words('but', 'however', 'yet', 'whereas')}|:\s(?!no)|,\s+(?=(?:and |while )?{_SUBJECT})", re.IGNORECASE
)
_DENIED = re.compile(
    _words("not(?! only| just| merely)", "never", "no", "none", "nor", "neither", "nobody", "without", "cannot", "non")
    + r"|n't\b",
    re.IGNORECASE,
)
_CONDITIONS = ("if", "unless", "whether", "until", "pending", "(?<!the )(?<!not )only", "requires?", "required")
_WISHES = ("may", "might", "could", "would", "shall", "should", "must", "can be", "will be", "to be", "to become")
_ATTEMPTS = ("apply", "applies", "applied", "seeks?", "seeking")
_DEFINITIONS = ("such as", "refers? to", "means?", "meaning", "defin(?:es?|ed|ition)")
_SUPPOSED_BEFORE = re.compile(_words(*_CONDITIONS, *_WISHES, *_ATTEMPTS, *_DEFINITIONS), re.IGNORECASE)
_GENERAL_BEFORE = re.compile(rf"\W*(?:an?|any|every|each|no)\W*(?:{_AUTHORITY}\W*)?", re.IGNORECASE)
_TAKEN_BACK = _words("used", "claimed", "issued", "created", "made", "implied", "asserted", "provided", "offered")
_TAKEN_BACK_AFTER = re.compile(
    rf"\W*{_words('no(?![.]? ?[0-9])', 'none', 'not', 'means', 'has the meaning', 'is defined', 'refers to')}"
    rf"|.*{_words('not', 'never')}(?: been| being)? {_TAKEN_BACK}",
    re.IGNORECASE,
)


def claims_of_accreditation(text: str) -> list[str]:
    """The codes of the claims that the text makes, each once, in the order of `CLAIMS`."""
    statements = _statements(text)
    return [code for code, pattern in CLAIMS.items() if any(_claims(each, pattern) for each in statements)]


def _statements(text: str) -> list[str]:
    quotes_straightened = text.replace("\u2019", "'").replace("\u2011", "-").replace("\u00ad", "")
    sentences = (" ".join(each.split()) for each in _SENTENCE_END.split(quotes_straightened))
    return [statement for sentence in sentences for statement in _NEW_STATEMENT.split(sentence)]


def _claims(statement: str, pattern: re.Pattern[str]) -> bool:
    return any(_is_asserted(statement, match) for match in pattern.finditer(statement))


def _is_asserted(statement: str, claim: re.Match[str]) -> bool:
    before = statement[max(0, claim.start() - _REACH) : claim.start()]
    after = statement[claim.end() : claim.end() + _REACH]
    if _GENERAL_BEFORE.fullmatch(before) or _SUPPOSED_BEFORE.search(before):
        return False
    return not _DENIED.search(before + claim[0]) and not _TAKEN_BACK_AFTER.match(after)
