"""How much memory a file takes at its most, as the kernel keeps it: resident, so what was only reserved does not count.

`/proc/self/clear_refs` sets the kernel's record back to what is held (proc(5), since Linux 4.0); asking costs a
microsecond. Where it is missing, a file's peak is what it took over every peak before it in the same child.
"""

import os
import resource
from contextlib import suppress

_CLEAR_REFS = "/proc/self/clear_refs"
_SET_BACK = b"5"
_KIB = 1024


def held_at_most() -> int:
    """The most that this process held since its beginning, or since its record was set back, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


class Peak:
    """Made before the child is confined, which closes `/proc`."""

    def __init__(self) -> None:
        self._record: int | None = None
        self._before = 0
        with suppress(OSError):  # a kernel without it
            self._record = os.open(_CLEAR_REFS, os.O_WRONLY | os.O_CLOEXEC)

    def begin(self) -> None:
        """From here on it is the next file's."""
        if self._record is not None:
            with suppress(OSError):  # one that knows the file, and not this word
                os.write(self._record, _SET_BACK)
        self._before = held_at_most()

    def over_bytes(self) -> int:
        """The most since, over what was held then."""
        return max(held_at_most() - self._before, 0)
