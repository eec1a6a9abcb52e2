import json
import subprocess
import sys

import pytest

from benchmarks.memory import a_server, measure
from benchmarks.samples import samples
from benchmarks.states import Place, Stage
from buffrsign import State
from buffrsign.broker.records import scan_statuses
from workers.processes import ROOT

STATES = {
    Place.READY: State.READY,
    Place.SCHEDULED: State.SCHEDULED,
    Place.RUNNING: State.RUNNING,
    Place.RETRYING: State.RETRYING,
    Place.DONE: State.DONE,
    Place.DONE_LATE: State.DONE,
    Place.DEAD: State.DEAD,
}


@pytest.mark.parametrize("place", Place)
def test_jobs_are_brought_to_the_state_that_is_measured(place, broker):
    stage = Stage(broker.client)
    letter = samples()[0]
    told = []

    stage.bring([letter.job() for _ in range(70)], place, lambda: told.append(1))

    assert [status.state for status in scan_statuses(broker.client)] == [STATES[place]] * 70
    assert len(told) == 70
    stage.close()


def test_a_job_that_is_done_late_has_been_tried_before(broker):
    stage = Stage(broker.client)

    stage.bring([samples()[0].job()], Place.DONE_LATE)

    [status] = scan_statuses(broker.client)
    assert (status.state, status.attempts) == (State.DONE, 2)
    stage.close()


def test_a_waiting_letter_takes_more_than_its_payload_and_a_done_one_less_than_a_waiting_one():
    letter = samples()[0]

    with a_server() as (name, client):
        ready = measure(name, client, letter, Place.READY, jobs=200)
        done = measure(name, client, letter, Place.DONE, jobs=200)

    assert ready.bytes_per_job > ready.payload_bytes
    assert 0 < done.bytes_per_job < ready.bytes_per_job


def test_the_command_measures_every_form_in_the_states_that_are_asked_for():
    command = [sys.executable, "-m", "benchmarks.memory", "--json", "--jobs=5", "--state=scheduled", "--state=dead"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=55)

    rows = json.loads(ended.stdout)
    assert {row["state"] for row in rows} == {"scheduled", "dead"}
    assert len({(row["kind"], row["keyed"]) for row in rows}) == 4
    assert len({row["server"] for row in rows}) == 1
