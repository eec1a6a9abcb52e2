from collections.abc import Iterator

import pytest
from redis import Redis

from buffrsign.broker.server import ServerFacts, ServerUnfit, VolatileServer, read_facts, require_fit
from buffrsign.producer import connect
from tests.support.wait import wait_until


@pytest.fixture(autouse=True)
def as_before(own_broker) -> Iterator[None]:
    """Whatever a test changes is put back."""
    yield
    own_broker.client.replicaof("NO", "ONE")
    own_broker.client.config_set("appendonly", "yes")
    own_broker.client.config_set("save", "")
    wait_until(
        lambda: not is_writing(own_broker.client), "the first append-only file: no server stops before it is written"
    )


def is_writing(client: Redis) -> bool:
    """Whether an append-only file is being written anew, or will be."""
    info = client.info("persistence")
    return bool(info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"])


FIT = {"version": (7, 0), "eviction": "noeviction", "is_append_only": True}


def test_the_embedded_server_is_fit(own_broker):
    facts = read_facts(own_broker.client)

    require_fit(facts)
    assert facts.is_append_only
    assert not facts.is_read_only
    assert facts.version >= (7, 0)


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_server_that_evicts_is_refused_with_what_to_change(own_broker, policy):
    own_broker.client.config_set("maxmemory-policy", policy)

    with pytest.raises(VolatileServer, match=f"maxmemory-policy {policy}.*set maxmemory-policy noeviction"):
        require_fit(read_facts(own_broker.client))


@pytest.mark.parametrize(("version", "named"), [((6, 2), "6.2"), ((5, 0), "5.0")])
def test_a_server_that_is_too_old_is_refused(version, named):
    with pytest.raises(ServerUnfit, match=f"the broker is Redis {named}; use Redis 7.0 or newer, or Valkey"):
        require_fit(ServerFacts(**{**FIT, "version": version}))


@pytest.mark.parametrize("version", [(7, 0), (7, 10), (10, 0)])
def test_a_server_that_is_new_enough_is_fit(version):
    require_fit(ServerFacts(**{**FIT, "version": version}))


def test_a_server_that_keeps_nothing_on_disk_is_refused_with_what_to_change(own_broker):
    own_broker.client.config_set("appendonly", "no")

    with pytest.raises(VolatileServer, match=r"keeps nothing on disk.*appendonly yes.*ALLOW_VOLATILE_BROKER=1"):
        require_fit(read_facts(own_broker.client))


def test_snapshots_alone_are_enough_to_start(own_broker):
    own_broker.client.config_set("appendonly", "no")
    own_broker.client.config_set("save", "3600 1")

    facts = read_facts(own_broker.client)

    require_fit(facts)
    assert (facts.is_append_only, facts.takes_snapshots) == (False, True)


def test_a_replica_is_refused_with_the_way_out(own_broker):
    own_broker.client.replicaof("127.0.0.1", 1)

    with pytest.raises(ServerUnfit, match=r"read-only replica; use the address of its primary, or a sentinel://"):
        require_fit(read_facts(own_broker.client))


@pytest.fixture
def limited(own_broker, own_server) -> Iterator[Redis]:
    """An account that may do what its test allows it."""
    own_broker.client.acl_setuser("limited", enabled=True, categories=["-@all"], passwords=["+pw"], reset=True)
    address = own_server.rpartition("@")[2]
    with connect(f"redis://limited:pw@{address}/0") as client:
        yield client
    own_broker.client.acl_deluser("limited")


def test_an_account_that_may_not_ask_is_told_what_to_allow(limited):
    with pytest.raises(ServerUnfit, match=r"the account at the broker may not run INFO.*\+info"):
        read_facts(limited)


def test_a_server_that_keeps_its_configuration_to_itself_is_taken_at_its_word(own_broker, limited):
    own_broker.client.config_set("appendonly", "no")
    own_broker.client.acl_setuser("limited", enabled=True, commands=["+info"])

    facts = read_facts(limited)

    assert facts.takes_snapshots is None
    require_fit(facts)


@pytest.mark.parametrize("account", ["", ":wrong@", "nobody:wrong@"])
def test_a_server_behind_a_password_says_what_to_check_and_not_what_was_tried(own_server, account):
    address = own_server.rpartition("@")[2]

    with connect(f"redis://{account}{address}/0") as client, pytest.raises(ServerUnfit) as refused:
        read_facts(client, server="state server")

    assert str(refused.value).startswith("the state server does not let this account in; check the user name")
    assert "wrong" not in str(refused.value)
