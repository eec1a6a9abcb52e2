"""The whole way through sentinel://, and a primary that dies under a live worker."""

from collections.abc import Iterator
from functools import partial

import pytest

from buffrsign import BrokerUnavailable, Handle, State
from buffrsign.jobs.maintenance import Canary
from tests.support.contracts import End
from tests.support.flower import running_flower
from tests.support.sentinel import Sentinels, running_sentinels
from tests.support.stage import Stage, raised_stage
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def sentinels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    folder = tmp_path_factory.mktemp("sentinels")
    with running_sentinels(folder, dead_first=request.param == "dead sentinel first") as started:
        yield started


@pytest.fixture
def stage(sentinels: Sentinels, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with raised_stage(sentinels.broker, tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def enqueued(stage: Stage) -> Handle | None:
    """One more canary, or nothing while there is no primary."""
    try:
        return stage.producer.enqueue(Canary(note="after"), keep_result=True)
    except BrokerUnavailable:
        return None


@pytest.mark.any_transport
@pytest.mark.parametrize("sentinels", ["dead sentinel last"], indirect=True)
def test_a_job_is_enqueued_and_run_behind_sentinels_and_flower_sees_it(sentinels: Sentinels, stage: Stage) -> None:
    answer = stage.producer.enqueue(Canary(note="found"), keep_result=True).result(timeout=20)

    with running_flower(sentinels.broker, stage.folder) as flower:
        handle = stage.play(End.RETURNS)
        wait_until(lambda: flower.state(handle.job_id) == "SUCCESS", "Flower to show the job")
        assert "maintenance" in flower.queue_lengths()  # it asks the first sentinel only

    assert answer["note"] == "found"


@pytest.mark.any_transport
@pytest.mark.parametrize("sentinels", ["dead sentinel first"], indirect=True)
def test_an_idle_worker_follows_the_primary_after_it_died(sentinels: Sentinels, stage: Stage) -> None:
    wait_until(lambda: not sentinels.broker.client.exists("unacked"), "kombu's own transport to be idle")

    old = sentinels.kill_primary()
    sentinels.wait_for_new_primary(old)

    handle = wait_until(partial(enqueued, stage), "the producer to find the new primary", timeout_s=30)

    assert handle is not None
    assert handle.result(timeout=90)["note"] == "after"


@pytest.mark.parametrize("sentinels", ["dead sentinel first"], indirect=True)
def test_what_a_worker_runs_during_a_fail_over_ends_once_and_the_worker_goes_on(
    sentinels: Sentinels, stage: Stage
) -> None:
    """On kombu's own transport the worker ends here, and whoever supervises it starts it again."""
    running = stage.play(End.WAITS)
    wait_until(partial(stage.runs, running.job_id), "the job to run")

    old = sentinels.kill_primary()
    sentinels.wait_for_new_primary(old)
    stage.let_go(running.job_id)
    handle = wait_until(partial(enqueued, stage), "the producer to find the new primary", timeout_s=30)

    assert handle is not None
    assert handle.result(timeout=90)["note"] == "after"
    assert stage.wait_for_end(running.job_id).state is State.DONE
    assert stage.runs(running.job_id) == 1
