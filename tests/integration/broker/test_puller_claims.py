"""A claim lives as long as it is extended, and no longer; it ends once."""

from datetime import timedelta

import pytest

from buffrsign import State
from buffrsign.broker import keys
from buffrsign.broker.dead_letters import Reason
from buffrsign.core.clock import utc_now
from buffrsign.jobs.maintenance import Canary
from buffrsign.puller import ClaimLost, Puller
from tests.support.pulling import HERE, MINUTE, let_leases_run_out


def test_a_claim_that_nobody_extends_goes_to_another(puller, other, producer, client):
    handle = producer.enqueue(Canary())
    puller.claim(HERE)

    let_leases_run_out(client)
    again = other.claim(HERE)

    assert (again.job_id, again.attempt, again.alone) == (handle.job_id, 2, True)
    assert handle.status().crashes == 1


def test_an_extended_claim_stays(puller, other, producer, client):
    producer.enqueue(Canary())
    claim = puller.claim(HERE)
    let_leases_run_out(client)

    kept = puller.extend(claim)

    assert kept.lease_until > claim.lease_until
    assert other.claim(HERE) is None
    puller.settle(kept, outcome="copied")


def test_only_the_claim_that_is_extended_stays(puller, other, producer, client):
    kept_job, lost_job = producer.enqueue(Canary()), producer.enqueue(Canary())
    kept, lost = puller.claim(HERE), puller.claim(HERE)
    let_leases_run_out(client)
    puller.extend(kept)

    again = other.claim(HERE)

    assert (kept.job_id, again.job_id) == (kept_job.job_id, lost_job.job_id)
    puller.settle(kept, outcome="copied")
    with pytest.raises(ClaimLost):
        puller.settle(lost, outcome="copied")


def test_a_lease_may_be_longer_than_a_worker_s(broker, producer, client):
    with Puller(broker.broker_url, lease=timedelta(hours=2)) as slow:
        producer.enqueue(Canary())

        claim = slow.claim(HERE)

        [(_, until_ms)] = client.zrange(keys.HOLDERS, 0, -1, withscores=True)
        assert until_ms / 1000 - client.time()[0] > 7100
        assert claim.lease_until - utc_now() > timedelta(minutes=119)


@pytest.mark.parametrize("late", ["settle", "fail", "retry", "give_back", "extend"])
def test_who_comes_too_late_is_told_and_changes_nothing(puller, other, producer, client, late):
    handle = producer.enqueue(Canary())
    claim = puller.claim(HERE)
    let_leases_run_out(client)
    other.claim(HERE)
    before = handle.status()

    with pytest.raises(ClaimLost, match="no longer held, and the job is running now") as lost:
        end(puller, claim, late)

    assert (lost.value.job_id, lost.value.state) == (handle.job_id, State.RUNNING)
    assert handle.status() == before


@pytest.mark.parametrize("again", ["settle", "fail", "retry", "give_back", "extend"])
def test_a_claim_is_settled_once(puller, producer, again):
    producer.enqueue(Canary())
    claim = puller.claim(HERE)
    puller.settle(claim, outcome="copied")

    with pytest.raises(ClaimLost, match="the job is done now"):
        end(puller, claim, again)


def end(puller, claim, how):
    match how:
        case "settle":
            puller.settle(claim, outcome="late")
        case "fail":
            puller.fail(claim, "late")
        case "retry":
            puller.fail(claim, "late", retry_in=MINUTE)
        case "give_back":
            puller.give_back(claim)
        case "extend":
            puller.extend(claim)


def test_a_job_that_three_claimers_died_of_is_a_dead_letter(broker, puller, producer, client, dead_letters):
    handle = producer.enqueue(Canary())
    for _ in range(3):
        puller.claim(HERE)
        let_leases_run_out(client)

    assert puller.claim(HERE) is None

    assert dead_letters.find(handle.job_id).reason is Reason.KILLER


def test_who_extends_hears_that_the_job_is_to_stop(puller, producer):
    handle = producer.enqueue(Canary())
    claim = puller.claim(HERE)
    handle.cancel(running=True)

    claim = puller.extend(claim)

    assert claim.stop_asked
    assert puller.extend(claim).stop_asked
