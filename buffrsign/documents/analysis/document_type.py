"""What kind of document it is, by its title."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from buffrsign.documents.analysis.quotes import Found, Passage

_TITLE_PAGES = 3
_TITLE_CHARACTERS = 120


class _Kind(NamedTuple):
    code: str
    words: str


_KINDS = (
    _Kind("non_disclosure", r"non[-\s]?disclosure|confidentiality|geheimhouding|vertroulikheid|geheimhaltung"),
    _Kind("employment", r"employment|dienskontrak|indiensneming|arbeitsvertrag"),
    _Kind("lease", r"\blease|rental|tenancy|huur|mietvertrag|pachtvertrag"),
    _Kind("loan", r"\bloan|credit|promissory|lening|darlehen"),
    _Kind("sale", r"purchase|\bsale\b|verkoop|koopkontrak|kaufvertrag"),
    _Kind("license", r"licen[cs]|lisensie|lizenz"),
    _Kind("distribution", r"distribut|reseller|verspreiding|vertriebsvertrag"),
    _Kind("manufacturing", r"manufactur|vervaardiging"),
    _Kind("supply", r"\bsupply|leweringsooreenkoms|liefervertrag"),
    _Kind("maintenance", r"maintenance|support agreement|onderhoud|wartungsvertrag"),
    _Kind("hosting", r"hosting"),
    _Kind("consulting", r"consult|advisory|beratungsvertrag"),
    _Kind("outsourcing", r"outsourc"),
    _Kind("development", r"development|ontwikkeling|entwicklungsvertrag"),
    _Kind("franchise", r"franchis"),
    _Kind("agency", r"\bagency"),
    _Kind("joint_venture", r"joint[-\s]venture|joint filing"),
    _Kind("sponsorship", r"sponsor|endorsement"),
    _Kind("marketing", r"marketing|promotion|co-?brand|affiliate|advertis"),
    _Kind("collaboration", r"collaborat|co-?operation|strategic alliance|samewerking|kooperation"),
    _Kind("non_compete", r"non[-\s]?compet|non[-\s]?solicit"),
    _Kind("service", r"\bservices?\b|diens|dienstleistung"),
)
_CONTRACT = re.compile(
    r"agreement|contract|ooreenkoms|kontrak|vertrag|vereinbarung|\blease\b|\bdeed\b|amendment|addendum", re.IGNORECASE
)
_PATTERNS = [(kind.code, re.compile(kind.words, re.IGNORECASE)) for kind in _KINDS]
_LINE = re.compile(r"[^\n]+")
_THIS = re.compile(
    r"\b(?:this|THIS|hierdie|dieser)\s{1,3}[^\n.;()“\"]{0,100}?(?:agreement|contract|ooreenkoms|vertrag)\b",
    re.IGNORECASE,
)

OTHER_CONTRACT = "contract"
CODES = frozenset({*(kind.code for kind in _KINDS), OTHER_CONTRACT})


class DocumentType(Found, frozen=True, kw_only=True):
    """`code` such as `license`, `lease` or `employment`; `contract` where the title says no more than that."""

    code: str


def document_type_of(pages: Sequence[Passage]) -> DocumentType | None:
    """What the title says, or else the words "this … agreement"; None where neither names a contract."""
    first = pages[:_TITLE_PAGES]
    titles = [line for page in first for line in _titles_in(page)]
    said = [page.part(*match.span()) for page in first for match in page.matches(_THIS)]
    for places, confidence in ((titles, 0.9), (said, 0.75)):
        for place in places:
            if code := _kind_in(place.text):
                return DocumentType(quote=place.quote(), confidence=confidence, code=code)
    general = [*titles, *said]
    return DocumentType(quote=general[0].quote(), confidence=0.6, code=OTHER_CONTRACT) if general else None


def _titles_in(page: Passage) -> list[Passage]:
    """Short lines in capitals, or in words that begin with one, which name a contract."""
    lines = [page.part(*line.span()) for line in page.matches(_LINE)]
    return [
        line
        for line in lines
        if len(line.text) < _TITLE_CHARACTERS and _CONTRACT.search(line.text) and _is_title(line.text)
    ]


def _is_title(line: str) -> bool:
    words = [word for word in line.split() if word[0].isalpha() and len(word) > 3]
    return bool(words) and all(word[0].isupper() for word in words) and not line.rstrip().endswith((".", ";", ","))


def _kind_in(text: str) -> str | None:
    """The kind that is named first."""
    places = {code: match.start() for code, pattern in _PATTERNS if (match := pattern.search(text))}
    return min(places, key=lambda code: places[code]) if places else None
