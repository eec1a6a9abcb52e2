"""Stopping a job that runs, and seeing how far it is."""

from buffrsign import State
from buffrsign.broker.records import Progress
from tests.support.contracts import End
from tests.support.stage import Stage
from tests.support.wait import wait_until


def test_a_running_job_shows_how_far_it_is(stage: Stage) -> None:
    job_id = stage.play(End.REPORTS).job_id

    wait_until(lambda: (status := stage.find_status(job_id)) and status.progress, "progress")

    assert stage.status(job_id).progress == Progress(3, total=4, note="three of four")
    stage.let_go(job_id)
    assert stage.wait_for_end(job_id).state is State.DONE


def test_a_task_that_reports_progress_stops_when_it_is_asked(stage: Stage) -> None:
    job_id = stage.play(End.REPORTS).job_id
    stage.wait_for(job_id, State.RUNNING)

    assert not stage.producer.cancel(job_id)
    assert stage.producer.cancel(job_id, running=True)

    status = stage.wait_for_end(job_id)
    assert (status.state, status.error, stage.runs(job_id)) == (State.CANCELLED, "it was stopped", 1)


def test_a_task_that_does_not_look_loses_its_process(stage: Stage) -> None:
    job_id = stage.play(End.HANGS).job_id
    wait_until(lambda: stage.runs(job_id), "the job to run")

    assert stage.producer.cancel(job_id, running=True)

    assert stage.wait_for_end(job_id).state is State.CANCELLED
    assert stage.wait_for_end(stage.play(End.RETURNS).job_id).state is State.DONE
    assert stage.runs(job_id) == 1


def test_a_job_that_ended_cannot_be_stopped(stage: Stage) -> None:
    job_id = stage.play(End.RETURNS).job_id
    stage.wait_for_end(job_id)

    assert not stage.producer.cancel(job_id, running=True)
