"""What a task may say and ask while it runs: how far it is, and whether somebody wants it to stop.

for number, page in enumerate(pages):
report_progress(number, total=len(pages), note="rendering")  # ends the task here if it is to stop
"""

from contextvars import ContextVar
from typing import NamedTuple

import msgspec

from buffrsign.broker.deliveries import Deliveries, Delivery, Stop
from buffrsign.broker.records import Progress


class Stopped(BaseException):
    """The task ends here, because somebody asked for it, or because another delivery has the job (`lost`).

    No `Exception`: a task that copes with those must not cope with this.
    """

    def __init__(self, *, lost: bool) -> None:
        super().__init__("another delivery has the job" if lost else "it was stopped")
        self.lost = lost


class _Run(NamedTuple):
    delivery: Delivery
    deliveries: Deliveries


_run: ContextVar[_Run | None] = ContextVar("run", default=None)


class running:  # noqa: N801 - used like a function; see `bind` in `buffrsign/core/logs.py`
    """While this lasts, the functions below speak of this delivery."""

    __slots__ = ("_of", "_token")

    def __init__(self, delivery: Delivery, deliveries: Deliveries) -> None:
        self._of = _Run(delivery, deliveries)

    def __enter__(self) -> None:
        self._token = _run.set(self._of)

    def __exit__(self, *_error: object) -> None:
        _run.reset(self._token)


def delivery_here() -> Delivery | None:
    """The delivery whose task runs here, on either path; None outside a worker."""
    run = _run.get()
    return run and run.delivery


def report_progress(done: int, *, total: int | None = None, note: str = "") -> None:
    """Keep how far the job is, for its status. `note` is one line without personal data. Costs one round trip.

    Outside a worker it does nothing.

    Raises:
        Stopped: the job is to stop; let it pass.
    """
    _tell(msgspec.json.encode(Progress(done, total, note)).decode())


def stop_if_asked() -> None:
    """As `report_progress`, and report none."""
    _tell("")


def _tell(progress: str) -> None:
    run = _run.get()
    if run is None:
        return
    match run.deliveries.report_progress(run.delivery, progress):
        case Stop(lost=lost):
            raise Stopped(lost=lost)
