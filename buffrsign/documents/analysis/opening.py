"""The parties as a contract's opening lists them: between "by and between" and the recitals."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from buffrsign.documents.analysis.names import FORM, has_form, name_at
from buffrsign.documents.analysis.quotes import Passage

_OPENING = re.compile(
    r"\b(?:by\s{1,9}and\s{1,9}(?:between|among)(?:st)?|(?:between|among)(?:st)?"
    r"|entered\s{1,9}into\s{1,9}by(?!\s{1,9}and)|tussen|zwischen)\b"
    r"(?:\s{1,9}(?:the\s(?:following|undersigned)(?:\sparties)?|and\samong))?\s{0,9}:?",
    re.IGNORECASE,
)
_CONTRACT = re.compile(r"agreement|contract|\bmade\b|entered|amendment|ooreenkoms|vertrag", re.IGNORECASE)
_END = re.compile(
    r"\b(?:WHEREAS|RECITALS?|W\s?I\s?T\s?N\s?E\s?S\s?S\s?E\s?T\s?H|BACKGROUND|NOW,?\s+THEREFORE|PREAMBLE"
    r"|Whereas|Recitals|Background|NADEMAAL|Präambel|INTRODUCTION"
    r"|TABLE OF CONTENTS|sometimes\s+referred|(?:are|is|be)\s+(?:each\s+|also\s+|hereinafter\s+|both\s+"
    r"|collectively\s+)?referred|individually,?\s+an?\s+[\"“]|each,?\s+(?:of\s+the\s+\w+\s+)?an?\s+[\"“]"
    r"|(?:the\s+)?[Pp]arties\s+(?:hereto\s+)?(?:hereby\s+)?agree)"
)
_LEAD = (
    r"(?:(?:each|together|collectively|hereinafter|hereafter|herein|referred|to|as|called|the|and"
    r"|individually|sometimes|its|or|hierna|nachfolgend|also|known|such|with|affiliates|being)[\s,]{1,3}){0,12}"
)
_QUOTED = r"[\"“”„‘'«](?P<role>[^\"“”‘’»\n()]{2,60}?)[,.]?[\"”“’'»]"
_DEFINED = re.compile(
    rf"\(\s{{0,3}}{_LEAD}{_QUOTED}[^()]{{0,160}}\)|\bherein(?:after)?\s(?:referred\s+to\s+as"
    rf"|called)\s+(?:the\s)?{_QUOTED.replace('role', 'other')}",
    re.IGNORECASE,
)
_UNQUOTED = re.compile(
    r"\(\s?(?:the\s|hereinafter\s)?(?P<role>[A-Z][\w.&-]{2,30}(?:\s[A-Z][\w.&-]{1,20}){0,3})\s?\)(?!\s?(?:Ltd"
    r"|LTD|Limited|LIMITED|Inc|GmbH|Co\b|\())"
)
_NOT_A_PARTY = re.compile(
    r"\A(?:this\s|the\s)?(?:[\w#.’'-]+\s){0,4}(?:agreements?|contract|date|part(?:y|ies)|term|amendment"
    r"|affiliates?|act|closing|products?|services|commission|territory|letter)\Z",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"(?:[\s,;:.]|\b(?:and|AND|And|&|en|und|by|between|among|both|either|as well as|on the (?:one"
    r"|other) (?:hand|part))\b|\(\w{1,3}\)|(?<!\w)\d{1,2}[.)]\s)+",
)
_AND = re.compile(
    r"(?:^|[\s,;)])(?:and|AND|And|&|en|und)\s+(?:\(\w{1,3}\)\s+|\(?\w+\)\s+)?(?=[A-Z“\"\w])|;\s+(?=[A-Z])"
)
_COMMA = re.compile(r"[,;]\s+(?:\(\w{1,3}\)\s+)?(?=[A-Z])")
_DESCRIBES = re.compile(
    r"\s*(?:,|\b(?:an?|the|with|having|whose|located|of|being|incorporated|organi[sz]ed|duly|acting|through|its"
    r"|a\s+company|who|which|registered)\b)",
)
_ENDS_HERE = re.compile(r"\s{0,3}\.\s")
_LINE_START = re.compile(r"(?:^|\n)[ \t\xa0]*(?=[A-Z])")
_COVER = re.compile(r"\n\s{0,60}(?:and|AND|And|&|en|und)\s{0,60}\n\s{0,60}")
_RULE = re.compile(r"-{3,}|_{3,}|[\n\t\xa0\u2002\u2003\u2009\u202f]")

_WITHIN_CHARACTERS = 12_000
_HEAD_CHARACTERS = 3000
_LIST_CHARACTERS = 3000
_ALONE_CHARACTERS = 400


class Named(NamedTuple):
    """A name between these places of the page, and what the party is called further on."""

    start: int
    end: int
    role: str | None


def named_in_opening(page: Passage) -> list[Named]:
    """The parties that this page's opening lists, in their order; none where it has none."""
    text = _RULE.sub(lambda rule: " " * len(rule.group()), page.text)
    return _best_list(text) or _unannounced(page.text, text) or list(_cover(page.text, text))


def _best_list(text: str) -> list[Named]:
    """The first list of two or more behind "between" and the like, else the longest."""
    best: list[Named] = []
    for opening in _OPENING.finditer(text, 0, _WITHIN_CHARACTERS):
        if not _CONTRACT.search(text, max(0, opening.start() - 400), opening.end() + 200):
            continue
        found = list(_distinct(_listed(text, opening.end(), _end_of_list(text, opening.end()))))
        if len(found) > len(best):
            best = found
        if len(best) > 1:
            break
    return best


def _end_of_list(text: str, start: int) -> int:
    """Where the words that follow a list begin; they do not count inside brackets."""
    for end in _END.finditer(text, start, start + _LIST_CHARACTERS):
        if text.count("(", start, end.start()) <= text.count(")", start, end.start()):
            return end.start()
    return min(len(text), start + _LIST_CHARACTERS)


def _unannounced(lines: str, text: str) -> list[Named]:
    """The list that begins a line near the top without any such word: a name with a legal form, and a term for it."""
    for line in _LINE_START.finditer(lines, 0, _HEAD_CHARACTERS):
        name = name_at(text, line.end())
        if (
            name
            and "\n" not in lines[slice(*name)]
            and FORM.search(text, *name)
            and _DEFINED.search(text, name[1], name[1] + 200)
        ):
            found = list(_distinct(_listed(text, line.end(), _end_of_list(text, line.end()))))
            return found if len(found) > 1 else []
    return []


def _cover(lines: str, text: str) -> Iterator[Named]:
    """The names on the lines before and after one that says "and", as on a cover."""
    for joint in _COVER.finditer(lines, 0, _HEAD_CHARACTERS):
        above = lines.rfind("\n", 0, joint.start()) + 1
        for at in (above + len(lines[above:]) - len(lines[above:].lstrip()), joint.end()):
            name = name_at(text, at)
            if name and FORM.search(text, *name):
                yield Named(*name, None)


def _listed(text: str, start: int, end: int) -> Iterator[Named]:
    """Each name that a defined term follows, and the names with a legal form beside it."""
    terms = [*_DEFINED.finditer(text, start, end)] or [*_UNQUOTED.finditer(text, start, end)]
    at = start
    for term in terms:
        role = term["role"] or term.groupdict().get("other")
        if role is None or _NOT_A_PARTY.match(role.strip()):
            continue
        yield from _in_chunk(text, at, term.start(), role.strip(), is_first=at == start)
        at = term.end()
        if _ENDS_HERE.match(text, at):
            return
    yield from _with_forms(text, at, min(end, at + _ALONE_CHARACTERS), is_first=at == start)


def _in_chunk(text: str, start: int, end: int, role: str, *, is_first: bool) -> Iterator[Named]:
    """The name that the term at `end` stands for: at the start, or behind the description of the one before."""
    begin = start
    if not is_first and _DESCRIBES.match(text, start) and not _AND.match(text, start):
        joints = [joint.end() for joint in _AND.finditer(text, start, end) if name_at(text, joint.end())]
        commas = [joint.end() for joint in _COMMA.finditer(text, start, end)]
        with_form = _with_form_at(text, sorted({*joints, *commas}), end)
        joints += with_form
        if not joints:
            return
        begin = (with_form or joints)[0 if with_form else -1]
    if joint := _JOINT.match(text, begin, end):
        begin = joint.end()
    if begin < end and (name := name_at(text, begin, end)) and text[name[1] : name[1] + 1] != ":":
        yield Named(*name, role)
        yield from _with_forms(text, name[1], end, is_first=False)


def _with_forms(text: str, start: int, end: int, *, is_first: bool) -> Iterator[Named]:
    """Names with a legal form that stand at the start or after a comma or "and", without a term of their own."""
    joints = [start] if is_first else []
    joints += [joint.end() for joint in _SEPARATED.finditer(text, start, end)]
    starts = [joint.end() if (joint := _JOINT.match(text, at, end)) else at for at in joints]
    for at in _with_form_at(text, starts, end):
        if name := name_at(text, at, end):
            yield Named(*name, None)


_SEPARATED = re.compile(r"(?:,\s+(?:and\s+)?|\s(?:and|AND|And|&)\s+)(?=[A-Z])")


def _with_form_at(text: str, starts: list[int], until: int) -> list[int]:
    """The starts of names with a legal form. Of "Windhoek and Oryx Ltd" the later one: a place is no part of it."""
    places = {at: name for at in starts if (name := name_at(text, at, until)) and has_form(text, *name)}
    later = [at for at in places if text[at - 2 : at] != "& "]
    return [at for at, name in places.items() if not any(name[0] < other < name[1] for other in later)]


def _distinct(found: Iterator[Named]) -> Iterator[Named]:
    """Without what overlaps a name before."""
    taken: list[Named] = []
    for named in found:
        if all(named.end <= other.start or named.start >= other.end for other in taken):
            taken.append(named)
    yield from sorted(taken)
