import hashlib

from buffrsign.ledger.hashing import NOTHING_YET, chain_hash, leaf_hash

# The leaves of the Certificate Transparency reference tree, published with RFC 6962's implementations.
RFC_6962_LEAVES = {
    "": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "00": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "10": "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
}


def test_leaves_are_hashed_as_rfc_6962_says():
    assert {body: leaf_hash(bytes.fromhex(body)).hex() for body in RFC_6962_LEAVES} == RFC_6962_LEAVES


def test_the_chain_starts_from_zeros_and_takes_in_every_leaf():
    first, second = leaf_hash(b"first"), leaf_hash(b"second")

    chain = chain_hash(chain_hash(NOTHING_YET, first), second)

    by_hand = hashlib.sha256(b"\x01" + bytes(32) + first).digest()
    assert chain == hashlib.sha256(b"\x01" + by_hand + second).digest()


def test_a_node_of_the_chain_is_no_leaf():
    leaf = leaf_hash(b"entry")

    assert chain_hash(NOTHING_YET, leaf) != leaf_hash(NOTHING_YET + leaf)
