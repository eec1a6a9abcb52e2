import base64
import json
import ssl
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from celery.app.defaults import NAMESPACES, flatten
from kombu.utils.imports import symbol_by_name

from buffrsign.broker.results import celery_backend
from buffrsign.jobs import CONTRACTS, Queue
from config.celery import HARD_LIMIT_GRACE, SOFT_LIMITS, VISIBILITY_TIMEOUT, celery_settings
from config.settings import load
from workers.beat import PeriodicScheduler


@pytest.fixture
def settings() -> dict[str, Any]:
    return celery_settings(load({"REDIS_URL": "redis://127.0.0.1:6379"}))


def test_every_family_s_hard_limit_is_below_the_visibility_timeout() -> None:
    for queue in Queue:
        assert SOFT_LIMITS[queue] + HARD_LIMIT_GRACE + timedelta(minutes=5) < VISIBILITY_TIMEOUT, queue


def test_every_name_is_one_that_celery_knows(settings: dict[str, Any]) -> None:
    known = dict(flatten(NAMESPACES))

    assert settings.keys() <= known.keys()


def test_only_json_comes_in_and_goes_out(settings: dict[str, Any]) -> None:
    assert settings["accept_content"] == settings["result_accept_content"] == ["json"]
    assert settings["task_serializer"] == settings["result_serializer"] == "json"


def test_there_are_six_queues_each_a_list_under_its_own_name(settings: dict[str, Any]) -> None:
    queues = {queue.name: queue for queue in settings["task_queues"]}

    assert set(queues) == {"email", "requests", "documents", "compliance", "audit", "maintenance"}
    assert all((queue.exchange.name, queue.routing_key) == ("", name) for name, queue in queues.items())
    assert not settings["task_create_missing_queues"]


def test_every_kind_is_routed_to_its_queue(settings: dict[str, Any]) -> None:
    with Celery("routing", set_as_current=False) as app:
        app.conf.update(settings)

        routed = {kind: app.amqp.router.route({}, kind)["queue"].name for kind in CONTRACTS}

    assert routed == {kind: contract.queue.value for kind, contract in CONTRACTS.items()}


def test_a_job_is_removed_only_after_its_task_ended_whatever_ends_it(settings: dict[str, Any]) -> None:
    assert settings["task_acks_late"]
    assert settings["task_reject_on_worker_lost"]
    assert not settings["task_acks_on_timeout"]


def test_results_are_kept_for_a_day_and_only_for_those_who_ask(settings: dict[str, Any]) -> None:
    assert settings["task_ignore_result"]
    assert settings["result_expires"] == timedelta(hours=24)


def test_beat_is_ours_and_celery_s_own_schedule_is_empty(settings: dict[str, Any]) -> None:
    assert symbol_by_name(settings["beat_scheduler"]) is PeriodicScheduler
    assert "beat_schedule" not in settings


SENTINELS = "sentinel://ann:p%40ss@one:26379;sentinel://two:26380/3?master_name=jobs&sentinel_password=hush"


def settings_for(url: str) -> dict[str, Any]:
    return celery_settings(load({"REDIS_URL": "redis://127.0.0.1", "BUFFRSIGN_BROKER_URL": url}))


def test_without_tls_celery_is_told_nothing_of_it(settings: dict[str, Any]) -> None:
    assert settings["broker_use_ssl"] is False
    assert settings["redis_backend_use_ssl"] is None


def test_tls_is_told_as_settings_for_broker_results_and_flower() -> None:
    settings = settings_for("rediss://:pw@broker.internal:6380/2?ssl_ca_certs=/etc/ours.pem")

    tls = {"ssl_cert_reqs": "required", "ssl_ca_certs": "/etc/ours.pem"}
    assert settings["broker_url"].partition("?")[0] == "rediss://:pw@broker.internal:6380/2"
    assert settings["result_backend"] == celery_backend("rediss://:pw@broker.internal:6380/2")
    assert settings["broker_use_ssl"] == settings["redis_backend_use_ssl"] == tls


def test_certificates_are_checked_unless_the_address_says_otherwise() -> None:
    checked, unchecked = settings_for("rediss://one/0"), settings_for("rediss://one/0?ssl_cert_reqs=none")

    assert checked["broker_use_ssl"] == {"ssl_cert_reqs": "required"}
    assert unchecked["broker_use_ssl"] == {"ssl_cert_reqs": "none"}


@pytest.mark.parametrize("query", ["", "?ssl_ca_certs=/etc/ours.pem&ssl_check_hostname=false", "?ssl_cert_reqs=none"])
def test_a_connection_checks_what_the_address_says_and_never_less(query: str) -> None:
    settings = settings_for(f"rediss://one/0{query}")
    with Celery("tls", set_as_current=False) as app:
        app.conf.update(settings)

        told = app.connection().ssl

    verification = ssl.CERT_NONE if "none" in query else ssl.CERT_REQUIRED
    assert told["ssl_cert_reqs"] == verification
    assert told.get("ssl_ca_certs") == ("/etc/ours.pem" if "ours" in query else None)
    assert told.get("ssl_check_hostname", True) is ("false" not in query)


def test_celery_s_pages_warn_of_no_missing_tls(caplog: pytest.LogCaptureFixture) -> None:
    with Celery("pages", set_as_current=False) as app:
        app.conf.update(settings_for("rediss://:hush@one/0"))

        shown = app.conf.table(censored=True)

    assert "insecure" not in caplog.text
    assert "hush" not in str(shown)


def test_kombu_knows_every_sentinel_with_its_account_and_the_primary_s_name() -> None:
    settings = settings_for(SENTINELS)

    options = settings["broker_transport_options"]
    assert settings["broker_url"] == "sentinel://ann:p%40ss@one:26379/3;sentinel://ann:p%40ss@two:26380/3"
    assert settings["result_backend"].endswith(settings["broker_url"])
    assert (options["master_name"], options["sentinel_kwargs"]["password"]) == ("jobs", "hush")
    assert settings["result_backend_transport_options"]["master_name"] == "jobs"


def test_a_connection_that_fails_keeps_its_transport_and_its_sentinels() -> None:
    settings = settings_for(SENTINELS)
    with Celery("sentinels", set_as_current=False) as app:
        app.conf.update(settings, broker_transport="redis")  # any that the URL does not name

        connection = app.connection()
        connection.maybe_switch_next()

    assert (connection.transport_cls, connection.hostname, connection.password) == ("redis", "one", "p@ss")
    assert len(connection.alt) == 2


@pytest.mark.parametrize("url", ["redis://one", "rediss://one", SENTINELS])
def test_what_celery_inspect_sends_of_a_connection_is_json(url: str) -> None:
    with Celery("inspected", set_as_current=False) as app:
        app.conf.update(settings_for(url))

        assert json.dumps(app.connection().info())


@pytest.mark.parametrize("url", ["redis://one", "rediss://one", SENTINELS])
def test_a_connection_names_itself_by_a_scheme_that_flower_knows(url: str) -> None:
    with Celery("named", set_as_current=False) as app:
        app.conf.update(settings_for(url))

        named = app.connection().as_uri()

    assert named.partition("://")[0] == url.partition("://")[0]


def test_with_payload_keys_tasks_are_encrypted_and_json_still_comes_in() -> None:
    keys = f"new:{base64.b64encode(bytes(32)).decode()}"

    settings = celery_settings(load({"REDIS_URL": "redis://127.0.0.1", "BUFFRSIGN_PAYLOAD_KEYS": keys}))

    assert settings["task_serializer"] == "buffrsign-encrypted"
    assert settings["accept_content"] == ["json", "application/x-buffrsign-encrypted"]
    assert settings["result_serializer"] == "json"
