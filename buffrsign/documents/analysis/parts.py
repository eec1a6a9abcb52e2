"""A paragraph in the parts that the clause classifier scores one by one: sentences, cut at colons and semicolons too.

Simpler than the sentences that are quoted: nobody sees these, and a wrong cut costs a score and no quote.
"""

import re

_GAP = re.compile(r"(?<=[.;:])\s+(?=[A-Z(“\"\d])")
_FEWEST_BEFORE, _FEWEST_AFTER = 50, 25


def parts_of(paragraph: str) -> list[str]:
    """At least one part. A short one, such as a number, a heading or "Inc.", stays with its neighbour."""
    parts: list[str] = []
    for piece in _GAP.split(paragraph):
        if parts and (len(parts[-1]) < _FEWEST_BEFORE or len(piece) < _FEWEST_AFTER):
            parts[-1] += f" {piece}"
        else:
            parts.append(piece)
    return parts
