"""Gaps in a sentence on where and when something is signed: "Signed at ____ on this ____ day of ____ 20__"."""

import re

from buffrsign.documents.fields.field import FieldType

_SIGNED = r"(?:signed|sealed|done|executed|dated|geteken|gedoen|onderteken|unterzeichnet|geschehen)"
_CONTEXT = re.compile(rf"\b{_SIGNED}\b|\bday of\b|\bdag van\b|\btag des\b|\bdate[d]? ", re.IGNORECASE)
_PLACE_BEFORE = re.compile(rf"\b{_SIGNED}\b[^_]{{0,80}}\b(?:at|in|te|zu)\W*$", re.IGNORECASE)
_DAY_BEFORE = re.compile(r"\b(?:this|the|hierdie|op|on|am|den|vom|dated(?: as of)?)\W*$", re.IGNORECASE)
_MONTH = re.compile(r"\b(?:day of|dag van|tag des monats)\b", re.IGNORECASE)
_MONTH_BEFORE = re.compile(r"\b(?:day of|dag van|tag des monats|month of|maand)\W*$", re.IGNORECASE)
_YEAR_BEFORE = re.compile(r"(?:_|\b[a-z]+)[\s,]*(?:,|\b(?:in the year|20|19|200|201|202))\s*$", re.IGNORECASE)
_DAY_AFTER = re.compile(r"^\W*(?:st|nd|rd|th|de|ste)?\W*(?:day|dag|tag)\b", re.IGNORECASE)
_YEAR_AFTER = re.compile(r"^\W*(?:19|20)\d{0,2}\b", re.IGNORECASE)
_DATED_BEFORE = re.compile(
    r"\b(?:as of|on|from|before|until|january|february|march|april|may|june|july|august|september|october|november"
    r"|december|of)\W*(?:_\W*)*$",
    re.IGNORECASE,
)


def in_sentence(before: str, after: str) -> FieldType | None:
    """What a gap between these words asks for: a place, or a part of a date; None if they are of another kind."""
    if _DAY_AFTER.match(after) or _MONTH_BEFORE.search(before):
        return FieldType.DATE
    if _YEAR_AFTER.match(after) and _DATED_BEFORE.search(before):
        return FieldType.DATE
    if not _CONTEXT.search(before[-160:] + " _ " + after[:40]):
        return None
    if _PLACE_BEFORE.search(before):
        return FieldType.PLACE
    is_date = _DAY_BEFORE.search(before) or _YEAR_AFTER.match(after)
    if is_date or (_MONTH.search(before) and _YEAR_BEFORE.search(before)):
        return FieldType.DATE
    return None
