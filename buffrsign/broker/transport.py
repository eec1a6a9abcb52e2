"""The transport under Celery: kombu's Redis transport, but no job is ever outside Redis until it is settled.

    broker_url = "redis://…", broker_transport = "buffrsign.broker.transport:Transport"

What kombu does with a pop, a hash and a clock, this does with leases (`leases.py`): a worker reserves as many jobs as
it has room for, in one script; its heartbeat keeps them; acknowledgements ride with the next reserve. Queues stay
kombu's plain lists, so `LLEN`, Flower and stock producers see what they always saw. Messages for a later time wait in
the schedule, not in a worker.

The names of kombu 5.7 that this rests on are listed in a test, which fails when an upgrade changes one.
"""

from typing import Any

from kombu.transport import redis as kombu_redis

from buffrsign.broker.channel import LeasingChannel

_KombuPoller: Any = kombu_redis.MultiChannelPoller


class Poller(_KombuPoller):  # type: ignore[misc]
    """kombu's poller; after each round, what was acknowledged and rode with no reserve is written."""

    def on_poll_start(self) -> None:
        """Called before the event loop sleeps."""
        for channel in self._channels:
            channel.start_alone()
        super().on_poll_start()
        for channel in self._channels:
            channel.flush()


class Channel(LeasingChannel, kombu_redis.Channel):  # type: ignore[misc]
    """For `redis://` and `rediss://`."""

    from_transport_options = (*kombu_redis.Channel.from_transport_options, "lease_s")


class SentinelChannel(LeasingChannel, kombu_redis.SentinelChannel):  # type: ignore[misc]
    """For `sentinel://`."""

    from_transport_options = (*kombu_redis.SentinelChannel.from_transport_options, "lease_s")


class Transport(kombu_redis.Transport):
    """For `redis://` and `rediss://`."""

    Channel = Channel

    # A batch of kombu's is a pipeline without scripts: it would pass by the schedule and the records.
    implements = kombu_redis.Transport.implements.extend(batch_publish=False)
    supports_batch_publish = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cycle = Poller()


class SentinelTransport(Transport):
    """For `sentinel://`."""

    default_port = 26379
    Channel = SentinelChannel
