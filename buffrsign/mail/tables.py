"""The mail family's tables: letters offered to a mail server, what was said of each, who gets none, and send rates."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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
    Column("mailbox", Text, nullable=False),  # the address as `addresses.mailbox_of` compares it
    Column("round", Integer, nullable=False),
    Column("message_id", Text),  # the first job's, kept by every resend; absent where an older release sent
    Column("state", String(16), nullable=False),
    Column("host", String(255), nullable=False),  # the server it was brought to
    Column("response", Text, nullable=False),
    Column("status", String(16), nullable=False),  # the enhanced code in the response, or nothing
    Column("source", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),  # how often it became uncertain
    Column("resend_allowed", Boolean, nullable=False),  # one more try in spite of a doubt; the claim spends it
    Column("alerted_at", UtcMoment),
    Column("updated_at", UtcMoment, nullable=False),  # when it entered its state
    Column("enclosed", JSON(none_as_null=True)),  # the file that it came with at its last hand-over, and how
    UniqueConstraint("document_id", "recipient", "kind", "round"),
    Index(None, "mailbox"),
    Index(None, "message_id"),
)

mail_delivery_events = Table(
    "mail_delivery_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # what was said of the letter
    Column("entered", Boolean, nullable=False),  # whether the letter came into this state by it
    Column("at", UtcMoment, nullable=False),
    Column("host", String(255), nullable=False),
    Column("response", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("report_id", String(64), unique=True),  # absent: it is no report, and comes once
    ForeignKeyConstraint(["delivery_id"], ["mail_deliveries.id"]),
    Index(None, "delivery_id"),
)

mail_suppressions = Table(
    "mail_suppressions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox", Text, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("source", String(16), nullable=False),
    Column("delivery_id", Integer),
    Column("why", Text, nullable=False),  # a person's words
    Column("cleared_at", UtcMoment),  # absent: it holds
    Column("cleared_why", Text, nullable=False),
    ForeignKeyConstraint(["delivery_id"], ["mail_deliveries.id"]),
    Index(None, "mailbox"),
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
