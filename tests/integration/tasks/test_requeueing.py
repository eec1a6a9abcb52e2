"""A dead letter that is sent back runs on a live worker as if it had never been tried."""

import pytest

from buffrsign import State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.jobs import encode
from tests.support.contracts import ATTEMPTS, End
from tests.support.stage import Stage
from tests.support.strangers import stranger

pytestmark = pytest.mark.any_transport


def test_a_job_whose_cause_was_removed_is_done(stage: Stage) -> None:
    handle = stage.play(End.PERMANENT, End.RETURNS, keep_result=True)
    stage.wait_for(handle.job_id, State.DEAD)

    decided = DeadLetters(stage.broker.client).requeue([handle.job_id])

    assert decided.refused == {}
    assert handle.result(timeout=20) == {"outcome": "run 2", "run": 2}
    status = stage.status(handle.job_id)
    assert (status.attempts, status.error) == (1, None)


def test_a_job_that_had_used_up_its_attempts_has_all_of_them_again(stage: Stage) -> None:
    job_id = stage.play(End.TRANSIENT).job_id
    stage.wait_for(job_id, State.DEAD)

    DeadLetters(stage.broker.client).requeue([job_id])
    stage.wait_for(job_id, State.DEAD)

    assert stage.runs(job_id) == 2 * ATTEMPTS
    letter = stage.dead_letter(job_id)
    assert (letter.reason, letter.attempts) == (Reason.ATTEMPTS, ATTEMPTS)


def test_a_stock_producer_s_job_is_sent_back_as_it_came(stage: Stage) -> None:
    job = stage.job(End.PERMANENT, End.RETURNS)
    with stranger(stage.broker.broker_url) as stock:
        stock.send_task(job.kind, args=[encode(job)], task_id=job.job_id, queue="maintenance", countdown=0.2)
    stage.wait_for(job.job_id, State.DEAD)

    DeadLetters(stage.broker.client).requeue([job.job_id])

    assert stage.wait_for(job.job_id, State.DONE).outcome == "run 2"
