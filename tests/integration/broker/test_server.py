import pytest

from buffrsign.broker.server import ServerFacts, ServerUnfit, read_facts, require_fit


def test_the_embedded_server_is_fit(own_broker):
    facts = read_facts(own_broker.client)

    require_fit(facts)
    assert facts.is_append_only
    assert facts.version >= (7, 0)


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_server_that_evicts_is_refused_with_what_to_change(own_broker, policy):
    own_broker.client.config_set("maxmemory-policy", policy)

    with pytest.raises(ServerUnfit, match=f"maxmemory-policy {policy}.*set maxmemory-policy noeviction"):
        require_fit(read_facts(own_broker.client))


@pytest.mark.parametrize(("version", "named"), [((6, 2), "6.2"), ((5, 0), "5.0")])
def test_a_server_that_is_too_old_is_refused(version, named):
    with pytest.raises(ServerUnfit, match=f"the broker is Redis {named}; use Redis 7.0 or newer, or Valkey"):
        require_fit(ServerFacts(version=version, eviction="noeviction", is_append_only=True))


@pytest.mark.parametrize("version", [(7, 0), (7, 10), (10, 0)])
def test_a_server_that_is_new_enough_is_fit(version):
    require_fit(ServerFacts(version=version, eviction="noeviction", is_append_only=False))
