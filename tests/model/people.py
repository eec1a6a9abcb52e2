"""Rules of people who pause queues and set limits, and what may then not be given out."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from buffrsign.broker import keys
from tests.model.laws import Step
from tests.model.stage import Stage
from tests.model.world import QUEUES

LIMITED = ("kind:model.job", "tenant:a", "tenant:*")


class People(Stage):
    """Whoever watches over the queues."""

    @rule(queue=st.sampled_from(QUEUES), resumes=st.booleans())
    def pause(self, queue: str, resumes: bool) -> None:
        if resumes:
            self.scripts.client.hdel(keys.PAUSED, queue)
            self.call("wake", queue)
        else:
            self.scripts.client.hset(keys.PAUSED, queue, "1")
            self.scripts.look(Step("person"))

    @rule(name=st.sampled_from(LIMITED), said=st.sampled_from(["1  ", "2  ", " 1 1000", "1 1 60000", ""]))
    def limit(self, name: str, said: str) -> None:
        if said:
            self.scripts.client.hset(keys.LIMITS, name, said)
        else:
            self.scripts.client.hdel(keys.LIMITS, name)
        self.call("wake", *QUEUES)

    def nobody_hinders(self) -> None:
        """Everything may go on."""
        self.scripts.client.delete(keys.PAUSED, keys.LIMITS)
        self.call("wake", *QUEUES)
