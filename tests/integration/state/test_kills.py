import pytest
from redis.exceptions import RedisError

from buffrsign.state.keys import DOCUMENT_KILLS_PREFIX
from buffrsign.state.kills import REMEMBERED, Kills

KILLER, OTHER = "ab" * 32, "cd" * 32


def test_kills_are_counted_by_file_and_known_to_every_worker(client):
    counted = [Kills(client).add(KILLER) for _ in range(2)]

    assert counted == [1, 2]
    assert (Kills(client).of(KILLER), Kills(client).of(OTHER)) == (2, 0)


def test_a_kill_is_forgotten_a_month_after_the_last(client):
    Kills(client).add(KILLER)

    assert 0 <= REMEMBERED.total_seconds() - client.ttl(DOCUMENT_KILLS_PREFIX + KILLER) < 60


def test_a_server_that_is_away_is_not_taken_for_no_kills(nobody):
    with pytest.raises(RedisError):
        Kills(nobody).of(KILLER)
