"""Which language a document is written in, by the small words that every sentence of it needs."""

import re
from collections import Counter
from collections.abc import Sequence

from buffrsign.documents.analysis.quotes import Found, Passage, Quote

OTHER = "other"

_SMALL_WORDS = {
    code: frozenset(words.split(" "))
    for code, words in (
        ("en", "the of and to in or any by this shall be with as for that such not is on its it which from"),
        ("af", "die van en te nie het vir met is wat in op sal of deur word aan dat enige hierdie as ’n 'n"),
        ("de", "der die das und von zu nicht mit den dem des im auf für ist ein eine oder wird durch bei sich"),
    )
}
_WORD = re.compile(r"[’']?[^\W\d_]+")
_READ_CHARACTERS = 60_000
_FEWEST_WORDS = 20
_LEAST_SHARE = 0.15  # in English, Afrikaans and German texts of any kind it is 0.25 and more
_QUOTED_CHARACTERS = 300


class Language(Found, frozen=True, kw_only=True):
    """`code` is one of `en`, `af`, `de`, or `other`."""

    code: str


def language_of(paragraphs: Sequence[Passage]) -> Language | None:
    """The language of most of the text, quoted by a paragraph that shows it; None where there are too few words."""
    sample = _sample(paragraphs)
    words = [word for paragraph in sample for word in _words(paragraph)]
    if len(words) < _FEWEST_WORDS:
        return None
    shares = Counter({code: _share(words, code) for code in _SMALL_WORDS})
    [(code, share), (_, next_share), *_] = shares.most_common()
    if share < _LEAST_SHARE:
        return Language(code=OTHER, quote=_shown(max(sample, key=lambda each: len(each.text))), confidence=0.5)
    typical = max(sample, key=lambda each: sum(word in _SMALL_WORDS[code] for word in _words(each)))
    return Language(code=code, quote=_shown(typical), confidence=round(share / (share + next_share), 2))


def _sample(paragraphs: Sequence[Passage]) -> list[Passage]:
    sample, characters = [], 0
    for paragraph in paragraphs:
        sample.append(paragraph)
        characters += len(paragraph.text)
        if characters > _READ_CHARACTERS:
            break
    return sample


def _words(paragraph: Passage) -> list[str]:
    return _WORD.findall(paragraph.text.lower())


def _share(words: Sequence[str], code: str) -> float:
    return sum(word in _SMALL_WORDS[code] for word in words) / len(words)


def _shown(paragraph: Passage) -> Quote:
    return paragraph.quote(0, _QUOTED_CHARACTERS)
