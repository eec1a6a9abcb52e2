"""Where the ledger rests: one row an entry, appended and never changed."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from buffrsign.core.sql import metadata

# `entry_id` and `document_id` repeat what the body says, for the UNIQUE guard and for looking up; `verify` compares.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("entry_id", String(160), nullable=False),
    Column("document_id", String(100), nullable=True),
    Column("body", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
    Column("chain_hash", LargeBinary(32), nullable=False),
    UniqueConstraint("entry_id"),
    Index(None, "document_id", "sequence"),
)
