from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine

from buffrsign import Producer, outbox
from buffrsign.outbox_relay import Relay
from tests.support.broker import TestBroker


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path) -> str:
    """A database's address."""
    return f"sqlite:///{tmp_path}/outbox.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """That database, with an empty outbox."""
    engine = create_engine(database)
    outbox.metadata.create_all(engine)
    yield engine
    outbox.metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def client(broker: TestBroker) -> Redis:
    """The broker's client."""
    return broker.client


@pytest.fixture
def relay(engine: Engine, producer: Producer) -> Relay:
    """A relay whose claims are over at once."""
    return Relay(engine, producer, claim=timedelta(0))
