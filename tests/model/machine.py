"""Any life of any jobs: producers, workers that die, stall and lose answers, and people who change their minds.

Every rule calls one script, or a few; after each call all laws are checked. At the end everybody dies, one new worker
comes, and every job must end.
"""

import sys

from redis.exceptions import RedisError

from tests.model.accidents import Accidents
from tests.model.changes import LEASE_MS
from tests.model.laws import expect
from tests.model.people import People
from tests.model.producers import Producers
from tests.model.stage import HOUR_MS
from tests.model.world import FINAL
from tests.support.broker import delete_everything


class Lives(Producers, People, Accidents):
    """A broker under all that may happen to it."""

    def teardown(self) -> None:
        try:
            if sys.exception() is None:
                self.everything_ends()
        finally:
            if isinstance(sys.exception(), (AssertionError, RedisError)):
                self.scripts.first_violation = self.scripts.first_violation or self.scripts.steps
            delete_everything(self.scripts.client)

    def everything_ends(self) -> None:
        """Everybody dies; one new worker comes, and every job ends."""
        self.nobody_hinders()
        self.holders, self.runs = [], []
        self.hire()
        worker = self.holders[0]
        worker.begins = False
        for _ in range(20):
            while self.world.holders.keys() - {worker.id}:
                self.scripts.pass_time(LEASE_MS // 2)
                self.renew(worker)
                self.call("promote", 100, LEASE_MS)
            while leases := [] if worker.runs_alone() else self.take(worker, 2):
                for lease in leases:
                    self.begin_lease(worker, lease)
                while self.runs:
                    self.finish(0, flushes=False)
            if not self.live() and not self.world.leases and not any(self.world.messages()):
                return
            self.scripts.pass_time(HOUR_MS)
        left = {each: self.world.state(each) for each in self.believed.accepted if self.world.state(each) not in FINAL}
        expect(False, "every job ends at last", left or self.world.leases)
