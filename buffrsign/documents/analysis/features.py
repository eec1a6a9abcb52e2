"""Paragraphs as weighted, hashed n-grams: the same numbers in training and in the product, with numpy alone.

A hash and not a list of words: what was learnt then holds nothing of the contracts that it was learnt from.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]

BUCKET_BITS = 18
BUCKETS = 1 << BUCKET_BITS
"""So many n-grams are told apart; more of them share a bucket by chance."""

LONGEST_CHARACTERS = 1500
"""A paragraph is looked at so far: those of the training data are no longer."""

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[$€£%]")
_LONGEST_NUMBER = 4
_LONGEST_GRAM = 3
_BESIDE_WORDS = 40
_BEFORE, _AFTER = 3, 4  # seeds, beside the lengths of the n-grams of the paragraph itself
_PRIME = np.uint64(0x100000001B3)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Rows:
    """Sparse rows: row `i` has `values[starts[i]:starts[i + 1]]` in the `buckets` at the same places, each once."""

    starts: Ints
    buckets: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1


def counted(paragraphs: Sequence[str]) -> Rows:
    """How often each n-gram stands in each paragraph of a document: one to three words, and the words beside it.

    The words at the end of the paragraph before, and at the start of the one after, lie in buckets of their own: a
    page's end cuts clauses in two, and a heading is often a paragraph.
    """
    known: dict[str, int] = {}
    words = [_words(text, known) for text in paragraphs]
    return _rows([np.concatenate(list(_grams_at(place, words))) for place in range(len(words))])


def weighted(rows: Rows, rarity: Floats) -> Rows:
    """Sublinear counts times the rarity of their buckets, each row of length 1 (tf-idf)."""
    values = (1 + np.log(rows.values)) * rarity[rows.buckets]
    lengths = np.sqrt(np.maximum(_sums(values * values, rows.starts), 1e-12))
    values /= np.repeat(lengths, np.diff(rows.starts))
    return Rows(rows.starts, rows.buckets, values.astype(np.float32))


def _sums(values: Floats, starts: Ints) -> Floats:
    """The sum over each row; of an empty row 0."""
    totals = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return np.asarray(totals[starts[1:]] - totals[starts[:-1]], dtype=np.float32)


def _words(text: str, known: dict[str, int]) -> Hashes:
    """A number for each word. Digits only count: one year is like another."""
    numbers = []
    for word in _TOKEN.findall(text[:LONGEST_CHARACTERS].lower()):
        number = known.get(word)
        if number is None:
            said = "0" * min(len(word), _LONGEST_NUMBER) if word[0].isdigit() else word
            number = known[word] = zlib.crc32(said.encode()) + 1
        numbers.append(number)
    return np.array(numbers, dtype=np.uint64)


def _grams_at(place: int, words: Sequence[Hashes]) -> Iterator[Hashes]:
    for length in range(1, _LONGEST_GRAM + 1):
        yield _grams(words[place], length, seed=0)
    if place > 0:
        yield _grams(words[place - 1][-_BESIDE_WORDS:], 1, seed=_BEFORE)
    if place + 1 < len(words):
        yield _grams(words[place + 1][:_BESIDE_WORDS], 1, seed=_AFTER)


def _grams(words: Hashes, length: int, *, seed: int) -> Hashes:
    """The buckets of each run of so many words (FNV, then Fibonacci hashing)."""
    count = len(words) - length + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    grams = np.full(count, length + 16 * seed, dtype=np.uint64)
    for place in range(length):
        grams = (grams * _PRIME) ^ words[place : place + count]
    grams = (grams ^ (grams >> np.uint64(29))) * _GOLDEN
    return np.asarray(grams >> np.uint64(64 - BUCKET_BITS), dtype=np.uint64)


def _rows(parts: Sequence[Hashes]) -> Rows:
    """Count equal buckets within each row."""
    if not parts:
        return Rows(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
    row = np.repeat(np.arange(len(parts), dtype=np.uint64), [len(part) for part in parts])
    keys, counts = np.unique((row << np.uint64(BUCKET_BITS)) | np.concatenate(parts), return_counts=True)
    starts = np.searchsorted(keys, np.arange(len(parts) + 1, dtype=np.uint64) << np.uint64(BUCKET_BITS))
    buckets = (keys & np.uint64(BUCKETS - 1)).astype(np.int64)
    return Rows(starts.astype(np.int64), buckets, counts.astype(np.float32))
