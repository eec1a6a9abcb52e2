"""The words that say what a place is for and whose it is, in English, Afrikaans and German."""

import re

from buffrsign.documents.fields.field import FieldType

_KINDS: dict[FieldType, tuple[str, ...]] = {
    FieldType.INITIALS: (
        r"initials(?: here)?|initial(?: here)?(?=\W*$)|initial(?:led|ed) by",
        "parawe|paraaf|voorletters|geparafeer",
        "paraphen?|kürzel",
    ),
    FieldType.PLACE: (
        "place|signed at|(?:city|town)(?= and date)",
        "plek|geteken te",
        "ort",
    ),
    FieldType.DATE: (
        "dated?|day of|birthday|expir(?:es|y)",
        "datum|gedateer|dag van",
    ),
    FieldType.NAME: (
        "(?:full |print(?:ed)? |typed? |first |last |given |family |sur)?names?|printed|print",
        "block (?:letters|capitals)",
        "contact(?: person)?|project (?:manager|administrator)",
        "(?:volle )?na(?:am|me)|van en voornaam|kontakpersoon",
        "(?:vollständiger |vor|nach)?namen?|druckbuchstaben|ansprechpartner(?:in)?",
    ),
    FieldType.SIGNATURE: (
        "signatures?|sign here|signed(?: by)?|signatory|warrants his authority|duly authori[sz]ed",
        "authori[sz]ed (?:signatory|officer|representative)",
        "handtekening|geteken(?: deur)?",
        "unterschrift(?:en)?|gezeichnet|unterzeichnet",
    ),
    FieldType.TEXT: (
        "titles?|its|capacity|designation|position|office held|rank|occupation|attention|attn",
        r"function|relationship|(?:company|employer)(?!(?:'s)?\W*(?:initials?|signature|date))",
        "(?:e-?mail|postal|physical|home|business|street)? ?address|e-?mail|phone|cell|fax(?:simile)?|mobile",
        r"tel(?:ephone)?(?: (?:no|number))?|i\.?d\.?(?: (?:no|number))?|identity (?:no|number)|tax (?:id|no|number)",
        "passport(?: (?:no|number))?|registration (?:no|number)|account (?:no|number)|vat (?:no|number)",
        "town|city|country|county of|state of|province|zip(?: code)?|post(?:al )?code|nationality|branch(?: code)?",
        "titel|hoedanigheid|amp|beroep|adres|maatskappy|posisie|selfoon|telefoon|werkgewer|rekeningnommer|poskode",
        "funktion|anschrift|adresse|firma|telefon|beruf|position|postleitzahl|steuernummer|kontonummer",
    ),
}
_LONGEST_LABEL = 5  # words
_ROLES = (
    "landlord|tenant|lessor|lessee|seller|buyer|purchaser|lender|borrower|licensor|licensee|employer|employee",
    "contractor|client|customer|supplier|distributor|franchisor|franchisee|agent|principal|consultant|guarantor",
    "grantor|grantee|deponent|applicant|surety|sureties|mortgagor|mortgagee|owner|developer|manufacturer|vendor|assignor",
    "assignee|transferor|transferee|pledgor|trustee|executor|donor|notary public|commissioner of oaths|member",
    "party",
    "verhuurder|huurder|verkoper|koper|werkgewer|werknemer",
    "(?:vermieter|mieter|verkäufer|käufer|auftraggeber|auftragnehmer)(?:in)?",
)
_OFFICES = ("director|president|secretary|officer|manager|chairman|partner", "direkteur", "geschäftsführer(?:in)?")
_FORMS = (
    r"inc|l\.?l\.?c|ltd|limited|corp|corporation|company|co|plc|l\.?p|l\.?l\.?p|bank|trust|gmbh|ag|cc|bk|bpk",
    r"n\.?v|s\.?a|b\.?v|a/s|pte|pty|kg",
    "its (?:sole |managing |general |corporate )?(?:member|partner|manager|trustee|agent|attorney)",
)
_CUES = (
    r"_{2}|[-–—]{6}|[.·]{4}|(?:\. ){4}|…|/s/|\[[ _]{0,5}\]|\( {1,5}\)|[☐□❏❐❑❒◻▢☒☑]",
    r"<<|[\[(][●•][\])]",
    r"signed (?:at|by|on)|day of|in the presence of|initials?\b|on behalf|witness(?:es)?\b|\bby:|\bsgd\b|sign here",
    r"geteken te|dag van|namens|getuies?\b|unterzeichnet",
    r"\b(?:signature|name|title|date|signed)\s{0,3}[:\r\n]",
    r"\b(?:e-?mail|fax|telephone)(?: no\.?)?\s{0,3}:\s*[\r\n]",
    r"\b(?:handtekening|datum|getuie|volle naam|paraaf|geteken|unterschrift|zeuge|paraphe)\s{0,3}[:\r\n]",
)
_SIGNING = (
    r"signature|signed|/s/|witness|executed|sign(?:ing)? below|initial|accepted|agreed|duly authori[sz]ed|\bsgd\b",
    r"\bby:|\bname:|\bdate[d]?:|applicant|declar|day of",
    "geteken|handtekening|getuie|paraaf|namens|naam|datum|unterschrift|unterzeichnet|zeuge|paraphe",
)


def _words(*alternatives: str, before: str = r"(?<![^\W\d_])", after: str = r"(?![^\W\d_])") -> re.Pattern[str]:
    """Any of these, as whole words: no letter before or behind them, but a digit or an underscore may be."""
    return re.compile(f"{before}(?:{'|'.join(alternatives)}){after}", re.IGNORECASE)


def _alone(*alternatives: str) -> re.Pattern[str]:
    """Any of these, with nothing but marks around."""
    return _words(*alternatives, before=r"^\W*", after=r"\W*$")


_KIND = _words(*(f"(?P<{kind.value}>{'|'.join(words)})" for kind, words in _KINDS.items()))
_SIGNS = _alone("by|per|x|for", "deur|namens", r"durch|für|i\.? ?[av]\.?")
_WITNESS = _words("witness(?:es|ed)?|in the presence of", "getuies?", "zeugen?|zeugin")
_WITNESS_LIST = _alone(
    r"(?:as )?witness(?:es|ed)?(?: by)?(?:\W+(?:as )?getuies?)?",
    r"(?:signed )?in the presence of|in teenwoordigheid van",
    r"(?:as )?getuies?(?:\W+(?:as )?witness(?:es)?)?",
    "(?:als )?zeugen?",
)
_FOR = re.compile(
    r"^\W*(?:(?:signed )?(?:for and on behalf of|for and behalf|on behalf of)|for\b|namens\b|für\b|i\.? ?[av]\.)",
    re.IGNORECASE,
)
_FORM = re.compile(rf"\b(?:{'|'.join(_FORMS)})\b|\(pty\)", re.IGNORECASE)
_CORPORATE = re.compile(r"\b(?:inc|l\.?l\.?c|ltd|limited|corp|plc|gmbh|cc|bk|bpk)\b|\(pty\)", re.IGNORECASE)
_ROLE = _words(*_ROLES)
_OFFICE = _words(*_OFFICES)
_NO_PARTY = re.compile(
    "witness whereof|agreed to|accepted|acknowledged|done and signed|thus done|signature page|/s/|geteken te",
    re.IGNORECASE,
)
_TYPED_INITIALS = re.compile(r"/s/\W*(?:[A-Z]\.? ?){2,3}$")
_MARKS = _words("per:|for:|für:|namens|x:")
_ABOUT_SIGNING = re.compile("|".join(_SIGNING), re.IGNORECASE)
_ASKS = re.compile("|".join(_CUES), re.IGNORECASE)


def asks(text: str) -> bool:
    """Whether a page's text holds anything that could be a field or the label of one."""
    return _ASKS.search(text) is not None


def may_ask(text: str) -> bool:
    """Whether it holds a word that labels fields, if there is a line to write on."""
    return _KIND.search(text) is not None or _MARKS.search(text) is not None


def is_about_signing(text: str) -> bool:
    """Whether the words are those of a page where people sign."""
    return _ABOUT_SIGNING.search(text) is not None


def kind_of(label: str) -> FieldType | None:
    """What a short label asks for: its first word that says so; None if none does.

    "Date of signature" is a date, "Name of signatory" a name, "Witness' signature" a signature.
    """
    found = _KIND.search(label)
    if found is not None:
        return FieldType(str(found.lastgroup))
    return FieldType.SIGNATURE if _SIGNS.match(label) or _WITNESS.search(label) else None


def is_label(text: str) -> bool:
    """Whether a phrase is a label and no more, so that what follows is what it labels."""
    return text.endswith(":") and len(text.split()) <= _LONGEST_LABEL and kind_of(text) is not None


def signed_kind(text: str) -> FieldType:
    """What was typed behind "/s/": a signature, or two or three capitals, which are initials."""
    return FieldType.INITIALS if _TYPED_INITIALS.search(text) else FieldType.SIGNATURE


def signer_in(text: str) -> str:
    """The name behind "/s/"."""
    return text[text.lower().rfind("/s/") + 3 :].strip(" _-")


def is_witness(label: str) -> bool:
    """Whether a label speaks of witnesses."""
    return _WITNESS.search(label) is not None and "whereof" not in label.lower()


def opens_witnesses(text: str) -> bool:
    """Whether a phrase is the heading of a list of witnesses."""
    return _WITNESS_LIST.match(text) is not None


def names_no_party(text: str) -> bool:
    """Whether words that look like a heading are those with which a signature page begins."""
    return _NO_PARTY.search(text) is not None


def is_office(text: str) -> bool:
    """Whether words say what somebody is who signs for a party."""
    return _OFFICE.search(text) is not None


def is_company(text: str) -> bool:
    """Whether words end as the name of a company does."""
    return _CORPORATE.search(text) is not None


def speaks_for_party(text: str) -> bool:
    """Whether words say for whom somebody signs: "for and on behalf of" and a name."""
    return _FOR.search(text) is not None


def is_party(text: str) -> bool:
    """Whether words look like the name or the role of a party."""
    return _FOR.search(text) is not None or _FORM.search(text) is not None or _ROLE.search(text) is not None
