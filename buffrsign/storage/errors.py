"""How storage fails: the bytes are not there, not the same, too many, or storage itself is away."""

from collections.abc import Iterator
from contextlib import contextmanager

from buffrsign.core.errors import Permanent, Transient


class BlobMissing(Permanent):
    """No blob has this digest."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"blob {sha256} is not in storage; upload it again or restore it from the backup")
        self.sha256 = sha256


class BlobDamaged(Permanent):
    """The bytes under this digest are others than those that were put."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"blob {sha256} was damaged in storage; upload it again or restore it from the backup")
        self.sha256 = sha256


class BlobTooLarge(Permanent):
    """There are more bytes than whoever reads them takes."""

    def __init__(self, what: str, *, at_most_bytes: int) -> None:
        super().__init__(f"{what} has more than {at_most_bytes} bytes; make it smaller")
        self.at_most_bytes = at_most_bytes


class BlobsUnavailable(Transient):
    """Storage is away or full, or not ours to use."""


@contextmanager
def disk_errors_are_transient() -> Iterator[None]:
    """What the operating system refuses is BlobsUnavailable."""
    try:
        yield
    except OSError as error:
        raise BlobsUnavailable(f"blob storage refused: {error.strerror}; free or repair the disk") from error
