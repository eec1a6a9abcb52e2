"""The mail family's table: one row for each letter that was offered to a mail server."""

from sqlalchemy import Column, Integer, String, Table, Text, UniqueConstraint

from buffrsign.core.sql import UtcMoment, metadata

mail_deliveries = Table(
    "mail_deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", String(36), nullable=False, unique=True),
    Column("kind", String(80), nullable=False),
    Column("document_id", String(100)),  # absent: the letter has no key, and only its job id guards it
    Column("recipient", Text, nullable=False),  # `Recipient.person`: two people may share an address
    Column("address", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("host", String(255), nullable=False),
    Column("response", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("updated_at", UtcMoment, nullable=False),
    UniqueConstraint("document_id", "recipient", "kind", "round"),
)
