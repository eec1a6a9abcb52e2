"""Beats as processes: killed, doubled, cut off from their broker, and yet each tick is published once."""

import random
import signal
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.exceptions import RedisError

from buffrsign.broker import keys
from buffrsign.core.clock import from_epoch_ms
from config.periodic import PERIODIC
from tests.support.broker import TestBroker
from tests.support.periodic import EVERY_SECOND
from tests.support.programs import SCHEDULER, running
from tests.support.records import whole
from tests.support.server import ChosenServer, chosen_server
from tests.support.wait import wait_until
from workers.processes import Processes, Program

OURS = ["celery", "-A", "workers.app", "beat"]
QUICK = ["celery", "-A", "tests.support.beating", "beat"]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ChosenServer]:
    with chosen_server(tmp_path / "server") as server:
        yield server


def logged(folder: Path, program: str) -> str:
    return (folder / "log" / f"{program}.log").read_text()


def moved(broker: TestBroker) -> list[str]:
    """The ids of the jobs that reached their queue, in order."""
    try:
        messages: Any = broker.client.lrange("maintenance", 0, -1)
    except RedisError:
        return []
    return [msgspec.json.decode(message)["headers"]["id"] for message in reversed(messages)]


def has_moved(broker: TestBroker, ticks: int) -> bool:
    return len(moved(broker)) >= ticks


def tries_of(folder: Path) -> int:
    return logged(folder, "two").count("trying again")


def has_tried(folder: Path, times: int) -> bool:
    return tries_of(folder) >= times


def no_gap_and_no_repeat(broker: TestBroker) -> bool:
    """Whether what reached the queue is one tick for every second since the first; a late one may come in a moment."""
    ids = moved(broker)
    first: Any = broker.client.hget(whole(broker.client, ids[0]), "ready_at")
    start = from_epoch_ms(int(first))
    return sorted(ids) == sorted(EVERY_SECOND.tick_id(start + timedelta(seconds=number)) for number in range(len(ids)))


def test_beat_publishes_the_next_tick_of_every_schedule_and_says_so(broker: TestBroker, tmp_path: Path) -> None:
    with running(broker, tmp_path, {"beat": OURS}) as programs:
        wait_until(lambda: broker.client.zcard(keys.SCHEDULE) == len(PERIODIC), "every schedule's next tick")

        programs.check()
        wait_until(
            lambda: logged(tmp_path, "beat").count("tick published") == len(PERIODIC), "a line of each in the log"
        )
        assert {key.decode() for key in broker.client.scan_iter("buffrsign:tick:*")} == {
            "buffrsign:tick:delete expired documents every night",
            "buffrsign:tick:clean the cache every hour",
            "buffrsign:tick:tell of uncertain letters every hour",
        }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to(broker: TestBroker, tmp_path: Path, number: int) -> None:
    with Processes(tmp_path / "log") as processes:
        beat = processes.start("beat", OURS, env=broker.environment(tmp_path))
        wait_until(lambda: broker.client.zcard(keys.SCHEDULE) == len(PERIODIC), "every schedule's next tick")

        beat.process.send_signal(number)

        assert beat.process.wait(10) == 0


def test_a_tick_starts_on_time_while_no_beat_is_up(broker: TestBroker, tmp_path: Path) -> None:
    with running(broker, tmp_path, {"scheduler": SCHEDULER}) as programs:
        beat = programs.start("beat", QUICK, env=broker.environment(tmp_path))
        wait_until(lambda: moved(broker), "a first tick")
        beat.process.kill()
        beat.process.wait()

        wait_until(lambda: not broker.client.zcard(keys.SCHEDULE), "the tick that was published ahead")

        assert no_gap_and_no_repeat(broker)


def test_two_beats_killed_and_paused_at_random_publish_each_tick_once_and_lose_none(
    broker: TestBroker, tmp_path: Path
) -> None:
    seed = random.randrange(1_000_000)  # noqa: S311 - chaos, not cryptography
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)  # noqa: S311
    with running(broker, tmp_path, {"scheduler": SCHEDULER}) as programs:

        def start(name: str) -> Program:
            return programs.start(name, QUICK, env=broker.environment(tmp_path))

        beats = {name: start(name) for name in ("one", "two")}
        for seconds in range(1, 13):
            wait_until(partial(has_moved, broker, seconds), f"{seconds} ticks")
            for program in beats.values():
                program.process.send_signal(signal.SIGCONT)
            for name in chance.sample(sorted(beats), k=chance.choice([0, 1, 1, 2])):
                if name == "one" and chance.random() < 0.5:  # the other goes on, or no tick would come
                    beats[name].process.send_signal(signal.SIGSTOP)
                    continue
                beats[name].process.kill()
                beats[name].process.wait()
                beats[name] = start(name)
        for program in beats.values():
            program.process.send_signal(signal.SIGCONT)

        wait_until(lambda: no_gap_and_no_repeat(broker), "one tick for every second")


def test_ticks_of_the_time_in_which_the_broker_was_away_run_once_it_is_back(
    own_server: ChosenServer, tmp_path: Path
) -> None:
    broker = own_server.broker
    with running(broker, tmp_path, {"one": QUICK, "two": QUICK, "scheduler": SCHEDULER}) as programs:
        wait_until(lambda: "trying again" in logged(tmp_path, "one"), "a beat that waits for its broker")
        server = own_server.start()
        wait_until(lambda: len(moved(broker)) >= 2, "two ticks")

        for away in (1, 2):
            before = len(moved(broker))
            own_server.kill(server)
            noticed = partial(has_tried, tmp_path, tries_of(tmp_path) + away)
            wait_until(noticed, "a beat that notices")
            server = own_server.start()
            wait_until(partial(has_moved, broker, before + 3), "further ticks")
        programs.check()

        wait_until(lambda: no_gap_and_no_repeat(broker), "one tick for every second")
