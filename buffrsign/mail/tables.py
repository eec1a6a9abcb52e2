"""The mail family's tables: letters that were offered to a mail server, and the send rates of the providers."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

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

mail_rates = Table(
    "mail_rates",
    metadata,
    Column("provider", String(255), primary_key=True),
    Column("lane", String(8), primary_key=True),
    Column("next_us", BigInteger, nullable=False),  # microseconds since 1970: the next slot that nobody has
    Column("spent_us", BigInteger, nullable=False),  # and when the next letter may go if none is to be early
)

mail_slots = Table(
    "mail_slots",
    metadata,
    Column("provider", String(255), primary_key=True),
    Column("letter", String(36), primary_key=True),  # a job id
    Column("lane", String(8), nullable=False),
    Column("slot_us", BigInteger, nullable=False),
    Index("ix_mail_slots_provider_slot_us", "provider", "slot_us"),
)
