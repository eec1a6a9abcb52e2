"""Every namespace of the cache. Raise a version when the meaning of its values changes; the clean-up drops the rest."""

from datetime import timedelta

from buffrsign.state.cache import Namespace

INSPECTIONS = Namespace("inspection", version=2, ttl=timedelta(days=7))
"""What the inspection of a file found, by the file's SHA-256: the same bytes are read once."""

NAMESPACES = [INSPECTIONS]
