"""One value has one text: JSON as bytes that anybody can make again, so that they can be hashed (extra `sql`).

Source: RFC 8785, JSON Canonicalization Scheme.
"""

from typing import Any

import rfc8785

from buffrsign.core.errors import Permanent


class NotCanonical(Permanent):
    """The value has no canonical JSON. The message says what is wrong with it, and never quotes it."""


def canonical_bytes(value: Any) -> bytes:
    """The value as UTF-8 JSON: keys sorted by UTF-16 code unit, no white space, numbers as ECMAScript writes them.

    Takes None, bool, int, float, str, list, tuple and dict with string keys. 1 and 1.0 are the same number.

    Raises:
        NotCanonical: NaN, Infinity, an integer beyond 2^53 - 1 (RFC 8785, 3.2.2.3), half of a surrogate pair, a key
            that is no string, another type, or nesting that is too deep or endless.
    """
    try:
        return rfc8785.dumps(value)
    except RecursionError as error:
        raise NotCanonical("the value is nested too deeply, or contains itself; flatten it") from error
    except ValueError as error:
        raise NotCanonical(_reason(error)) from error


def _reason(error: ValueError) -> str:
    match error:
        case rfc8785.FloatDomainError():
            return "JSON has no NaN and no Infinity; leave the number out, or send null"
        case UnicodeEncodeError():
            return "a key holds half of a surrogate pair, which is no character; send well-formed text"
        case rfc8785.CanonicalizationError() if not isinstance(error, rfc8785.IntegerDomainError):
            return f"{error}; send null, booleans, numbers, well-formed text, lists, and objects with string keys"
    return "an integer is beyond 2^53 - 1, where JSON numbers lose digits; send it as a string"
