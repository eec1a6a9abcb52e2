"""Rules of people who pause queues and set limits, and what may then not be given out."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from buffrsign.broker import keys
from tests.model.laws import Step
from tests.model.stage import Stage
from tests.model.world import QUEUES

LIMITED = ("kind:model.job", "tenant:a", "tenant:*")


class People(Stage):
    """Whoever watches over the queues."""

    @initialize(said=st.sampled_from(["", "", "", "1  "]))
    def the_fleet_may_be_bounded(self, said: str) -> None:
        """A fourth of all lives have a limit from the start: it takes several workers to break one."""
        if said:
            self.scripts.client.hset(keys.LIMITS, LIMITED[0], said)
            self.scripts.look(Step("person"))

    @precondition(lambda self: self.world.lists or self.world.elsewhere)
    @rule(
        how=st.sampled_from(["pause", "resume", "limit", "limit"]),
        queue=st.sampled_from(QUEUES),
        name=st.sampled_from(LIMITED),
        said=st.sampled_from(["1  ", "2  ", " 1 1000", "1 1 60000", "", ""]),
    )
    def somebody_hinders(self, how: str, queue: str, name: str, said: str) -> None:
        """A rare thing, and one rule: the accidents are what most lives are about."""
        client = self.scripts.client
        if how == "pause":
            client.hset(keys.PAUSED, queue, "1")
            self.scripts.look(Step("person"))
            return
        if how == "resume":
            client.hdel(keys.PAUSED, queue)
        elif said:
            client.hset(keys.LIMITS, name, said)
        else:
            client.hdel(keys.LIMITS, name)
        self.call("wake", *QUEUES)

    def nobody_hinders(self) -> None:
        """Everything may go on."""
        self.scripts.client.delete(keys.PAUSED, keys.LIMITS)
        self.call("wake", *QUEUES)
