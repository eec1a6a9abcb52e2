"""The whole way over rediss://: producer, scheduler, worker, results, stock Celery and Flower."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery

from buffrsign import BrokerUnavailable, Producer, State
from buffrsign.broker.connection import connect
from buffrsign.jobs import Queue
from buffrsign.jobs.maintenance import Canary
from config.celery import celery_settings
from config.settings import load
from tests.support.broker import TestBroker
from tests.support.contracts import End
from tests.support.flower import running_flower
from tests.support.stage import Stage, raised_stage
from tests.support.tls import tls_broker, tls_sentinel

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.any_transport]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestBroker]:
    with tls_broker(tmp_path_factory.mktemp("tls")) as broker:
        yield broker


@pytest.fixture(scope="module")
def stage(broker: TestBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with raised_stage(broker, tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def test_a_job_is_enqueued_run_and_answered_over_tls(stage: Stage) -> None:
    answer = stage.producer.enqueue(Canary(note="over tls"), keep_result=True).result(timeout=20)

    assert answer["note"] == "over tls"


def test_a_delayed_job_and_one_that_is_tried_again_run_over_tls(stage: Stage) -> None:
    delayed = stage.producer.enqueue(stage.job(End.RETURNS), delay=timedelta(milliseconds=200))
    again = stage.play(End.TRANSIENT, End.RETURNS)

    assert [stage.wait_for_end(handle.job_id).state for handle in (delayed, again)] == [State.DONE, State.DONE]


def test_flower_shows_workers_tasks_and_queue_lengths_over_tls(stage: Stage, broker: TestBroker) -> None:
    for _ in range(3):
        stage.producer.enqueue(Canary(ask=Queue.AUDIT))

    with running_flower(broker, stage.folder) as flower:
        [name] = flower.worker_names()
        lengths, page = flower.queue_lengths(), flower.page("broker")

    assert name.startswith("maintenance@")
    assert lengths["maintenance"] == 0
    assert "maintenance" in page


@pytest.mark.parametrize("transport", ["leasing", "stock"])
def test_a_sentinel_may_ask_for_tls_and_for_an_account_of_its_own(
    broker: TestBroker, tmp_path: Path, transport: str
) -> None:
    with tls_sentinel(tmp_path, broker) as url, Celery("sentinel", set_as_current=False) as app:
        environment = {"REDIS_URL": url, "BUFFRSIGN_BROKER_TRANSPORT": transport}
        app.conf.update(celery_settings(load(environment)))

        with app.connection() as connection, connect(url) as client:
            assert connection.default_channel.client.ping()
            assert app.backend.client.ping()
            assert client.ping()


def test_a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to(broker: TestBroker) -> None:
    producer = Producer(broker.broker_url.partition("?")[0])

    with pytest.raises(BrokerUnavailable) as refused:
        producer.enqueue(Canary())
    producer.close()

    cause = refused.value.__cause__
    assert cause is not None
    assert ssl.SSLCertVerificationError.__name__ in repr(cause.__cause__) or "CERTIFICATE_VERIFY_FAILED" in str(cause)


def test_a_certificate_of_another_host_is_refused(broker: TestBroker) -> None:
    elsewhere = broker.broker_url.replace("127.0.0.1", "127.0.0.2")
    producer = Producer(elsewhere, key_secret="sixteen characters", allow_plain_payloads=True)

    with pytest.raises(BrokerUnavailable):
        producer.enqueue(Canary())
    producer.close()


def test_whoever_does_not_check_is_told_so(broker: TestBroker, caplog: pytest.LogCaptureFixture) -> None:
    url = broker.broker_url.partition("?")[0]

    with connect(f"{url}?ssl_cert_reqs=none") as client:
        assert client.ping()

    assert "certificate is not checked" in caplog.text
