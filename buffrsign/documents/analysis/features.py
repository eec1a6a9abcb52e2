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
    return _rows(_keys(words), len(words))


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


def _keys(words: Sequence[Hashes]) -> Hashes:
    """The row and the bucket of each n-gram, all paragraphs at once: the row in the upper bits."""
    if not words:
        return np.zeros(0, dtype=np.uint64)
    lengths = np.array([len(each) for each in words], dtype=np.int64)
    every = np.concatenate(words)
    row = np.repeat(np.arange(len(words)), lengths)
    place = np.arange(len(every)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.concatenate(list(_keys_by_kind(every, row, place, lengths)))


def _keys_by_kind(every: Hashes, row: Ints, place: Ints, lengths: Ints) -> Iterator[Hashes]:
    for length in range(1, _LONGEST_GRAM + 1):
        last = length - 1
        is_in_one = row[: len(row) - last] == row[last:]
        yield _key(row[: len(row) - last], _buckets(every, length, seed=0))[is_in_one]
    is_near_the_end = (lengths[row] - place <= _BESIDE_WORDS) & (row + 1 < len(lengths))
    yield _key(row + 1, _buckets(every, 1, seed=_BEFORE))[is_near_the_end]
    is_near_the_start = (place < _BESIDE_WORDS) & (row > 0)
    yield _key(row - 1, _buckets(every, 1, seed=_AFTER))[is_near_the_start]


def _key(row: Ints, buckets: Hashes) -> Hashes:
    return (row.astype(np.uint64) << np.uint64(BUCKET_BITS)) | buckets


def _buckets(words: Hashes, length: int, *, seed: int) -> Hashes:
    """The bucket of each run of so many words (FNV, then Fibonacci hashing)."""
    grams = np.full(max(len(words) - length + 1, 0), length + 16 * seed, dtype=np.uint64)
    for place in range(length):
        grams = (grams * _PRIME) ^ words[place : place + len(grams)]
    grams = (grams ^ (grams >> np.uint64(29))) * _GOLDEN
    return np.asarray(grams >> np.uint64(64 - BUCKET_BITS), dtype=np.uint64)


def _rows(keys: Hashes, count: int) -> Rows:
    """Count equal buckets within each of so many rows."""
    keys, counts = np.unique(keys, return_counts=True)
    starts = np.searchsorted(keys, np.arange(count + 1, dtype=np.uint64) << np.uint64(BUCKET_BITS))
    buckets = (keys & np.uint64(BUCKETS - 1)).astype(np.int64)
    return Rows(starts.astype(np.int64), buckets, counts.astype(np.float32))
