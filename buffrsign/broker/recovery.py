"""What became of a dead holder's jobs: whoever reserves or promotes takes them back in the same step."""

from dataclasses import dataclass

from buffrsign.core.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class TakenBack:
    """What became of the jobs that a dead holder held: those that had not begun go `back` to their queues."""

    back: int = 0
    suspects: int = 0
    dead: int = 0
    cancelled: int = 0

    def log(self) -> None:
        """Tell people, if there is anything to tell."""
        if self.back or self.suspects or self.dead or self.cancelled:
            log.warning("jobs of a dead worker were taken back", **vars(self))
