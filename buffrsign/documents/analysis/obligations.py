"""Who must do what, and by when."""

import re
from collections.abc import Iterator, Sequence

from buffrsign.documents.analysis.durations import DURATION, iso_duration
from buffrsign.documents.analysis.paragraphs import sentences_of
from buffrsign.documents.analysis.parties import Party
from buffrsign.documents.analysis.quotes import Found, Passage, Quote, one_line

MAX_OBLIGATIONS = 100

_ANYBODY = (
    "each party", "either party", "both parties", "the parties", "neither party", "a party",
    "beide partye", "die partye", "die parteien", "jede partei",
)  # fmt: skip
_ROLES = (
    "licensor", "licensee", "buyer", "seller", "purchaser", "supplier", "vendor", "company", "client", "customer",
    "consultant", "contractor", "distributor", "reseller", "manufacturer", "provider", "recipient", "landlord",
    "tenant", "lessor", "lessee", "employer", "employee", "lender", "borrower", "agent", "principal", "sponsor",
    "franchisor", "franchisee", "disclosing party", "receiving party", "indemnifying party", "indemnified party",
    "verkoper", "koper", "huurder", "verhuurder", "verkäufer", "käufer", "mieter", "vermieter", "auftraggeber",
    "auftragnehmer",
)  # fmt: skip
_DUTY = (
    r"(?:shall|must|will|agrees\s{1,3}to|undertakes\s{1,3}to|is\s{1,3}(?:obligated|required"
    r"|obliged)\s{1,3}to|sal|moet|muss|müssen|verpflichtet\s{1,3}sich)"
)
_WITHIN = re.compile(
    r"\b(?:within|no(?:t)?\s{1,3}later\s{1,3}than|at\s{1,3}least|not\s{1,3}less\s{1,3}than"
    r"|in\s{1,3}no\s{1,3}event\s{1,3}later\s{1,3}than|binne|innerhalb\s{1,3}von|innerhalb"
    r"|spätestens)\s{1,3}(?=.{0,20}\S)",
    re.IGNORECASE,
)


class Obligation(Found, frozen=True, kw_only=True):
    """`who` must act, as written; `deadline` is where the sentence says by when, `within` its ISO 8601 length."""

    who: str
    deadline: Quote | None
    within: str | None


def obligations_of(paragraphs: Sequence[Passage], parties: Sequence[Party]) -> tuple[Obligation, ...]:
    """Sentences that say that somebody shall do something: those with a deadline first, at most `MAX_OBLIGATIONS`."""
    duty = _duty_of(parties)
    found = [each for paragraph in paragraphs for each in _obligations_in(paragraph, duty)]
    with_deadline = [each for each in found if each.deadline]
    others = [each for each in found if not each.deadline]
    return tuple([*with_deadline, *others][:MAX_OBLIGATIONS])


def _duty_of(parties: Sequence[Party]) -> re.Pattern[str]:
    """Somebody who may have duties, and right behind the word for one."""
    names = {one_line(name).lower() for party in parties for name in (party.role, party.name) if name}
    who = "|".join(
        r"\s{1,3}".join(map(re.escape, name.split()))
        for name in sorted({*names, *_ANYBODY, *_ROLES}, key=len, reverse=True)
    )
    return re.compile(
        rf"\b(?P<who>(?:the\s{{1,3}})?(?:{who}))\s{{1,3}}(?:also\s{{1,3}}|each\s{{1,3}})?{_DUTY}\b", re.IGNORECASE
    )


def _obligations_in(paragraph: Passage, duty: re.Pattern[str]) -> Iterator[Obligation]:
    if not duty.search(paragraph.text):
        return
    for sentence in sentences_of(paragraph):
        if said := duty.search(sentence.text):
            deadline, within = deadline_in(sentence)
            yield Obligation(
                quote=sentence.quote(),
                confidence=0.85 if deadline else 0.7,
                who=one_line(said["who"]),
                deadline=deadline,
                within=within,
            )


def deadline_in(sentence: Passage) -> tuple[Quote | None, str | None]:
    """Where a sentence says by when, and that length of time; None twice where it does not."""
    for cue in sentence.matches(_WITHIN):
        if length := DURATION.match(sentence.text, cue.end()):
            return sentence.quote(cue.start(), length.end()), iso_duration(length)
    return None, None
