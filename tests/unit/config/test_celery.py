from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from celery.app.defaults import NAMESPACES, flatten

from buffrsign.core.ids import new_ulid
from buffrsign.jobs import CONTRACTS, Queue, decode
from config.celery import HARD_LIMIT_GRACE, SOFT_LIMITS, VISIBILITY_TIMEOUT, celery_settings
from config.settings import load


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


def test_what_beat_sends_are_payloads_that_fit_their_contracts(settings: dict[str, Any]) -> None:
    for entry in settings["beat_schedule"].values():
        [payload] = entry["args"]

        assert decode(entry["task"], payload, job_id=new_ulid()).kind == entry["task"]
