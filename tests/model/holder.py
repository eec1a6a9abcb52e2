"""A worker's main process as the model plays it: what it believes that it holds, which may be wrong."""

from dataclasses import dataclass, field


@dataclass
class Holder:
    """The books of `leases.Holder`. `held`: lease → message; `alone`: the suspect it runs, and nothing beside it."""

    id: str
    next_number: int = 1
    arrived_below: int = 1
    held: dict[str, bytes] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)  # lease → job and queue: done, and not told yet
    begins: bool = False  # whether it runs its jobs itself, and so has them begun as it takes them
    alone: str | None = None

    @property
    def unsettled(self) -> list[str]:
        """The leases it believes that it holds and has not settled."""
        return [lease for lease in self.held if lease not in self.acknowledged and lease not in self.ends]

    def runs_alone(self) -> bool:
        """Whether it may take nothing else for now."""
        return self.alone in self.unsettled

    def may_begin(self, lease: str) -> bool:
        """Whether this lease's task may start: a suspect waits until everything else here has ended."""
        return lease in self.unsettled and (self.alone != lease or self.unsettled == [lease])

    def forget(self, *leases: str) -> None:
        """These are settled."""
        for lease in leases:
            self.held.pop(lease, None)
            self.acknowledged.pop(lease, None)
            self.ends.pop(lease, None)


@dataclass(frozen=True)
class Run:
    """A task that runs. Its holder may have lost the lease without knowing."""

    lease: str
    job_id: str
    retries: int
    holder: Holder
