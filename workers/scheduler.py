"""The scheduler moves jobs from the schedule into their queues when their time comes, and takes back what dead workers
held: `python -m workers.scheduler`.

Any number may run; each move is one atomic script. It needs no state of its own, so a killed one is just restarted.
"""

import os
import signal
import sys
import time
from datetime import timedelta
from types import FrameType

from redis.exceptions import RedisError

from buffrsign.broker.schedule import BATCH, Promotion, Schedule
from buffrsign.core.logs import get_logger
from buffrsign.producer import connect
from config import logging as our_logging
from config.settings import SettingsRefused, load
from workers.health import stop_if_unfit

LONGEST_WAIT = timedelta(seconds=1)
PAUSE_AFTER_ERROR_S = 0.5

log = get_logger(__name__)


class Scheduler:
    """Moves what is due until it is told to stop."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._stopping = False

    def stop(self) -> None:
        """End `run` after the current round, within `LONGEST_WAIT`."""
        self._stopping = True

    def run(self) -> None:
        """Move and wait in turn; a broker that is away is waited for."""
        while not self._stopping:
            try:
                self.round()
            except RedisError as error:
                log.warning("broker did not answer, trying again", error_type=type(error).__name__)
                time.sleep(PAUSE_AFTER_ERROR_S)

    def round(self) -> Promotion:
        """Move what is due now, then sleep until the next job's time, or until an earlier one is scheduled."""
        promotion = self._schedule.promote()
        promotion.taken_back.log()
        if promotion.gone:
            log.error("scheduled jobs had lost their records", job_ids=", ".join(promotion.gone))
        if promotion.moved < BATCH:
            self._schedule.wait(at_most=min(promotion.next_due or LONGEST_WAIT, LONGEST_WAIT))
        return promotion


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    try:
        settings = load(os.environ)
    except SettingsRefused as refused:
        sys.exit(str(refused))
    our_logging.configure(log_format=settings.log_format, level=settings.log_level)
    stop_if_unfit(settings)
    scheduler = Scheduler(Schedule(connect(settings.broker_url), lease=timedelta(seconds=settings.lease_s)))

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        scheduler.stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    log.info("scheduler started")
    scheduler.run()
    log.info("scheduler stopped")


if __name__ == "__main__":
    main()
