"""A few of the document's own sentences that say most of what the others say.

Centroid summarisation with maximal marginal relevance (Radev et al. 2004; Carbonell and Goldstein 1998).
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from buffrsign.documents.analysis.paragraphs import sentences_of
from buffrsign.documents.analysis.quotes import Found, Passage

SENTENCES = 5

_MAX_CANDIDATES = 1500
_CHARACTERS = (60, 600)
_WORD = re.compile(r"[^\W\d_]{4,30}")
_BUCKETS = 4096
_REDUNDANCY = 0.5
_FIRST_SHARE = 0.1


class KeySentence(Found, frozen=True, kw_only=True):
    """A sentence of the summary; `confidence` is how much of the document's wording it covers."""


def summary_of(paragraphs: Sequence[Passage]) -> tuple[KeySentence, ...]:
    """At most `SENTENCES` sentences, in the order of the document."""
    candidates = _candidates(paragraphs)
    if not candidates:
        return ()
    vectors = _vectors(candidates)
    centroid = vectors.mean(axis=0)
    central = vectors @ (centroid / max(float(np.linalg.norm(centroid)), 1e-9))
    chosen = _diverse(vectors, central + _FIRST_SHARE * (np.arange(len(candidates)) < len(candidates) / 10))
    return tuple(
        KeySentence(quote=candidates[place].quote(), confidence=round(float(min(max(central[place], 0.0), 1.0)), 2))
        for place in sorted(chosen)
    )


def _candidates(paragraphs: Sequence[Passage]) -> list[Passage]:
    shortest, longest = _CHARACTERS
    found: list[Passage] = []
    for paragraph in paragraphs:
        for sentence in sentences_of(paragraph):
            text = sentence.text.strip()
            if (
                shortest <= len(text) <= longest
                and text.endswith((".", ";"))
                and not text.isupper()
                and "...." not in text
            ):
                found.append(sentence)
    step = -(-len(found) // _MAX_CANDIDATES) if found else 1
    return found[::step]


def _vectors(sentences: Sequence[Passage]) -> npt.NDArray[np.float32]:
    """Each sentence as a unit vector of its longer words, rare ones counting more."""
    counts = np.zeros((len(sentences), _BUCKETS), dtype=np.float32)
    for row, sentence in enumerate(sentences):
        for word in _WORD.findall(sentence.text.lower()):
            counts[row, zlib.crc32(word.encode()) % _BUCKETS] += 1
    rarity = np.log((1 + len(sentences)) / (1 + (counts > 0).sum(axis=0))) + 1
    weighted = np.log1p(counts) * rarity.astype(np.float32)
    lengths = np.linalg.norm(weighted, axis=1, keepdims=True)
    return np.asarray(weighted / np.maximum(lengths, 1e-9), dtype=np.float32)


def _diverse(vectors: npt.NDArray[np.float32], worth: npt.NDArray[np.float32]) -> list[int]:
    chosen: list[int] = []
    likeness = np.zeros(len(vectors), dtype=np.float32)
    while len(chosen) < min(SENTENCES, len(vectors)):
        place = int(np.argmax(worth - _REDUNDANCY * likeness - 10 * np.isin(np.arange(len(vectors)), chosen)))
        chosen.append(place)
        likeness = np.maximum(likeness, vectors @ vectors[place])
    return chosen
