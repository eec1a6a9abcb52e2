"""Ways to damage a file, each a function of its bytes, another file's, and dice."""

import re
from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, bytes, Random], bytes]

_LENGTH = re.compile(rb"/Length \d+")
_NUMBER = re.compile(rb"(?<![\d.])\d{1,9}(?![\d.])")
_REFERENCE = re.compile(rb"\b\d+ 0 R\b")
_HUGE = (b"2147483647", b"-2147483648", b"4294967296", b"9" * 40, b"-1", b"0", b"1e308", b"0.00000001")


def flip_bits(data: bytes, _other: bytes, dice: Random) -> bytes:
    """Up to 32 bits, anywhere."""
    flipped = bytearray(data)
    for _ in range(dice.randint(1, 32)):
        flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
    return bytes(flipped)


def truncate(data: bytes, _other: bytes, dice: Random) -> bytes:
    """Without its end."""
    return data[: dice.randrange(1, len(data) + 1)]


def lose_the_beginning(data: bytes, _other: bytes, dice: Random) -> bytes:
    """A header, and then from somewhere on."""
    return b"%PDF-1.7\n" + data[dice.randrange(len(data)) :]


def splice(data: bytes, other: bytes, dice: Random) -> bytes:
    """The beginning of one file and the end of another."""
    return data[: dice.randrange(1, len(data) + 1)] + other[dice.randrange(len(other)) :]


def insert_another(data: bytes, other: bytes, dice: Random) -> bytes:
    """A piece of another file in the middle."""
    at, (start, end) = dice.randrange(len(data)), _piece(other, dice)
    return data[:at] + other[start:end] + data[at:]


def duplicate(data: bytes, _other: bytes, dice: Random) -> bytes:
    """A piece of it twice."""
    start, end = _piece(data, dice)
    return data[:end] + data[start:]


def delete(data: bytes, _other: bytes, dice: Random) -> bytes:
    """A piece of it less."""
    start, end = _piece(data, dice)
    return data[:start] + data[end:] or b"%"


def swap_objects(data: bytes, _other: bytes, dice: Random) -> bytes:
    """References that lead to other objects of the same file, itself among them."""
    references = _REFERENCE.findall(data)
    return _replace_some(_REFERENCE, data, dice, lambda: dice.choice(references))


def make_numbers_huge(data: bytes, _other: bytes, dice: Random) -> bytes:
    """Numbers past what their readers keep them in."""
    return _replace_some(_NUMBER, data, dice, lambda: dice.choice(_HUGE))


def lie_about_lengths(data: bytes, _other: bytes, dice: Random) -> bytes:
    """Streams that end elsewhere than they say."""
    return _replace_some(_LENGTH, data, dice, lambda: b"/Length %d" % dice.choice((0, 1, 7, len(data), 2**31 - 1)))


def zero_out(data: bytes, _other: bytes, dice: Random) -> bytes:
    """A piece of nothing, as a failing disk leaves it."""
    start, end = _piece(data, dice)
    return data[:start] + bytes(end - start) + data[end:]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    truncate,
    lose_the_beginning,
    splice,
    insert_another,
    duplicate,
    delete,
    swap_objects,
    make_numbers_huge,
    lie_about_lengths,
    zero_out,
)


def mutated(data: bytes, other: bytes, dice: Random) -> bytes:
    """Damaged in one to three ways."""
    for mutate in dice.choices(MUTATIONS, k=dice.randint(1, 3)):
        data = mutate(data, other, dice)
    return data


def _piece(data: bytes, dice: Random) -> tuple[int, int]:
    start = dice.randrange(len(data))
    return start, min(len(data), start + dice.choice((1, 8, 64, 512, 4096, 32768)))


def _replace_some(pattern: re.Pattern[bytes], data: bytes, dice: Random, another: Callable[[], bytes]) -> bytes:
    """One to five of the places that match, if there are any."""
    places = list(pattern.finditer(data))
    for place in sorted(dice.sample(places, min(len(places), dice.randint(1, 5))), key=lambda each: -each.start()):
        data = data[: place.start()] + another() + data[place.end() :]
    return data
