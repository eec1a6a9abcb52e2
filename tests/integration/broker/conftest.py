from collections.abc import Iterator

import pytest
from kombu import Connection
from redis import Redis

from buffrsign import Handle, Producer
from buffrsign.broker.dead_letters import DeadLetters
from buffrsign.broker.deliveries import Deliveries
from buffrsign.broker.schedule import Schedule
from buffrsign.jobs.maintenance import Canary
from buffrsign.puller import Puller
from tests.support.broker import TestBroker, databases, private_server
from tests.support.plain import connected


@pytest.fixture
def client(broker: TestBroker) -> Redis:
    return broker.client


@pytest.fixture
def deliveries(client: Redis) -> Deliveries:
    return Deliveries(client)


@pytest.fixture
def schedule(client: Redis) -> Schedule:
    return Schedule(client)


@pytest.fixture
def dead_letters(client: Redis) -> DeadLetters:
    return DeadLetters(client)


@pytest.fixture
def job(producer: Producer) -> Handle:
    """A job in its queue."""
    return producer.enqueue(Canary())


@pytest.fixture
def connection(broker: TestBroker) -> Iterator[Connection]:
    """A plain kombu connection by our transport."""
    with connected(broker) as connection:
        yield connection


@pytest.fixture
def second(broker: TestBroker) -> Iterator[Connection]:
    with connected(broker) as connection:
        yield connection


@pytest.fixture
def puller(broker: TestBroker) -> Iterator[Puller]:
    with Puller(broker.broker_url, name="copier") as puller:
        yield puller


@pytest.fixture
def other(broker: TestBroker) -> Iterator[Puller]:
    with Puller(broker.broker_url, name="other") as puller:
        yield puller


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that the tests of one module may configure as they like."""
    with private_server(tmp_path_factory.mktemp("own_server")) as address:
        yield address


@pytest.fixture
def own_broker(own_server: str) -> Iterator[TestBroker]:
    """Empty databases of that server, whose configuration is put back afterwards."""
    with databases(own_server, first=0) as empty:
        before = empty.client.config_get("maxmemory*")
        yield empty
        for name, value in before.items():
            empty.client.config_set(name, value)
