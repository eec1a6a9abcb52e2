"""How entries are hashed: each one alone (the leaf), and each one with all before it (the chain).

The chain is outside the entry, so that it can become a Merkle tree without touching one entry.
"""

import hashlib

NOTHING_YET = bytes(32)  # the chain before the first entry
_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(body: bytes) -> bytes:
    """SHA-256 of 0x00 and the body; the prefix keeps a leaf from passing for a node. Source: RFC 6962, 2.1."""
    return hashlib.sha256(_LEAF + body).digest()


def chain_hash(before: bytes, leaf: bytes) -> bytes:
    """SHA-256 of 0x01, the chain hash before, and the leaf hash: it stands for this entry and all before it."""
    return hashlib.sha256(_NODE + before + leaf).digest()
