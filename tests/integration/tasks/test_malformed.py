"""Messages that Celery cannot take: each is a dead letter with its bytes, and the worker goes on."""

import base64
import json
from typing import Any

import pytest

from buffrsign import State
from buffrsign.broker.dead_letters import DeadLetters, Reason
from buffrsign.core.ids import new_ulid
from tests.support.contracts import End
from tests.support.stage import Stage
from tests.support.wait import wait_until

KNOWN = "test.scripted"


def message(**headers: Any) -> bytes:
    """A message of a known task, in kombu's form, with these headers; `...` leaves one out."""
    whole = {"lang": "py", "task": KNOWN, "id": new_ulid(), "retries": 0, **headers}
    envelope = {
        "body": base64.b64encode(b"[[], {}, {}]").decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {name: value for name, value in whole.items() if value is not ...},
        "properties": {"delivery_tag": "1", "delivery_info": {}, "body_encoding": "base64"},
    }
    return json.dumps(envelope).encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"id": ...},
        {"id": None},
        {"id": 7},
        {"id": [1]},
        {"id": "half \ud800"},
        {"task": [1]},
        {"retries": "x"},
        {"retries": [1]},
        {"retries": -1},
        {"timelimit": "x"},
        {"timelimit": [1, 2, 3]},
        {"stamped_headers": 5, "stamps": 7},
        {"eta": "soon"},
        {"expires": "never"},
    ],
    ids=lambda headers: "-".join(f"{name}={value}" for name, value in headers.items()),
)
def test_a_header_that_celery_cannot_take_costs_no_worker(stage: Stage, headers: dict[str, Any]) -> None:
    letters, raw = DeadLetters(stage.broker.client), message(**headers)
    before, logged_before = letters.count(), len(stage.log())

    stage.broker.client.lpush("maintenance", raw)

    wait_until(lambda: letters.count() == before + 1, "the dead letter")
    [letter] = letters.newest(at_most=1)
    assert letter.reason is Reason.UNREADABLE
    assert letter.message == raw
    assert stage.wait_for_end(stage.play(End.RETURNS).job_id).state is State.DONE
    logged = stage.log()[logged_before:]
    assert "Warm shutdown" not in logged
    assert "Connection to broker lost" not in logged
