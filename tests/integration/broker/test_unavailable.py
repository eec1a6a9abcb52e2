"""A broker that is away, full, or no broker at all: the caller is told, and nothing is half accepted."""

import socket
import socketserver
import threading
from datetime import timedelta

import pytest

from buffrsign import BrokerUnavailable, Producer, State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.broker.deliveries import Deliveries
from buffrsign.broker.schedule import Schedule
from buffrsign.core.errors import Transient
from buffrsign.jobs.maintenance import Canary
from tests.support.deliveries import take
from tests.support.jobs import letter

CALLS = [
    lambda producer: producer.enqueue(Canary()),
    lambda producer: producer.cancel(Canary().job_id),
    lambda producer: producer.status(Canary().job_id),
    lambda producer: producer.result(Canary().job_id, timeout=1),
]


@pytest.fixture
def full(own_broker):
    """A producer on a broker that has no memory left."""
    producer = Producer(own_broker.broker_url)
    yield producer
    producer.close()


def fill(broker):
    broker.client.config_set("maxmemory", 1)


def drain(broker):
    broker.client.config_set("maxmemory", 0)


@pytest.mark.parametrize("call", CALLS)
def test_a_broker_that_is_away_is_a_transient_error(call):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        producer = Producer(f"redis://127.0.0.1:{taken.getsockname()[1]}/0")

        with pytest.raises(BrokerUnavailable, match=r"did not answer .*\(ConnectionError\); try again") as caught:
            call(producer)

        producer.close()
    assert isinstance(caught.value, Transient)


class Stranger(socketserver.StreamRequestHandler):
    """Speaks, but not the Redis protocol."""

    def handle(self):
        while self.rfile.readline():
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_is_no_broker_is_an_error_of_ours_too(call):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        producer = Producer(f"redis://127.0.0.1:{server.server_address[1]}/0")

        with pytest.raises(BrokerUnavailable, match="check its address"):
            call(producer)

        producer.close()
        server.shutdown()
        thread.join()


def test_a_wrong_password_is_an_error_without_the_password(own_server):
    address = own_server.rpartition("@")[2]
    producer = Producer(f"redis://:a-wrong-password@{address}/0")

    with pytest.raises(BrokerUnavailable, match=r"\(AuthenticationError\); check the user name") as caught:
        producer.enqueue(Canary())
    producer.close()

    assert "a-wrong-password" not in str(caught.value)


def test_a_replica_is_an_error_that_names_the_way_out(own_broker):
    own_broker.client.replicaof("127.0.0.1", 1)
    producer = Producer(own_broker.broker_url)

    with pytest.raises(BrokerUnavailable, match=r"a read-only replica; .*address of its primary, or a sentinel:// URL"):
        producer.enqueue(Canary())

    producer.close()
    own_broker.client.replicaof("NO", "ONE")


@pytest.mark.parametrize("delay", [None, timedelta(hours=1)])
def test_a_full_broker_refuses_the_whole_job(full, own_broker, delay):
    fill(own_broker)

    with pytest.raises(BrokerUnavailable, match="full"):
        full.enqueue(letter(), delay=delay)

    assert own_broker.client.dbsize() == 0


def test_a_job_that_a_full_broker_refused_is_accepted_when_it_has_drained(full, own_broker):
    job = letter()
    fill(own_broker)
    with pytest.raises(BrokerUnavailable):
        full.enqueue(job)

    drain(own_broker)

    assert not full.enqueue(job).duplicate


def test_a_full_broker_can_be_drained(full, own_broker):
    """MUST: every script but `publish` runs without memory to spare; else a full broker would stay full."""
    deliveries, schedule, dead = (
        Deliveries(own_broker.client),
        Schedule(own_broker.client),
        DeadLetters(own_broker.client),
    )
    handles = [full.enqueue(Canary()) for _ in range(4)]
    late = full.enqueue(Canary(), delay=timedelta(hours=1))
    fill(own_broker)

    done, failed, early, bad = (take(own_broker.client) for _ in range(4))
    for delivery in (done, failed, early, bad):
        deliveries.begin(delivery)
    deliveries.finish(done, outcome="answered", result={})
    deliveries.retry(failed, delay=timedelta(0), error="away")
    deliveries.postpone(early, delay=timedelta(hours=1), reason="too early")
    deliveries.bury(bad, reason=Reason.PERMANENT, error="no PDF")
    promotion = schedule.promote()
    late.cancel()

    assert promotion.moved == 1
    assert dead.count() == 1
    states = [handle.status().state for handle in [*handles, late]]
    assert states == [State.DONE, State.READY, State.SCHEDULED, State.DEAD, State.CANCELLED]
