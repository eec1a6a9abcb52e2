"""The tables of signature requests. Migrations 0001, 0007 and 0009 build them."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table, Text

from buffrsign.core.sql import UtcMoment, metadata

requests = Table(
    "requests",
    metadata,
    Column("document_id", String(100), primary_key=True),
    Column("document_title", String(300), nullable=False),
    Column("sender_email", String(254), nullable=False),
    Column("sender_name", String(300), nullable=False),
    Column("sender_locale", String(6), nullable=False),
    Column("message", Text, nullable=False),
    Column("expires_at", UtcMoment),
    Column("reminders", JSON, nullable=False),
    Column("opened_at", UtcMoment, nullable=False),
    Column("voided_at", UtcMoment),
    Column("wordings", JSON(none_as_null=True)),
    Column("expiries", Integer),
)

signers = Table(
    "signers",
    metadata,
    Column("document_id", String(100), ForeignKey("requests.document_id"), primary_key=True),
    Column("recipient_id", String(100), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("email", String(254), nullable=False),
    Column("name", String(300), nullable=False),
    Column("locale", String(6), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("signing_order", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("decided_at", UtcMoment),
    Column("next_letter", String(40)),
    Column("next_round", Integer),
    Column("next_at", UtcMoment),
    Column("in_place_of", String(100)),
)

# Who was told what and when: one row for each letter that a mail server took.
notices = Table(
    "notices",
    metadata,
    Column("document_id", String(100), ForeignKey("requests.document_id"), primary_key=True),
    Column("recipient_id", String(100), primary_key=True),
    Column("letter", String(40), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("told_at", UtcMoment, nullable=False),
)

# Every event ever recorded, with what its first recording brought: a repeat answers from here.
signer_events = Table(
    "signer_events",
    metadata,
    Column("document_id", String(100), ForeignKey("requests.document_id"), primary_key=True),
    Column("event_id", String(100), primary_key=True),
    Column("recipient_id", String(100)),
    Column("event", String(20), nullable=False),
    Column("occurred_at", UtcMoment, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False),
    Column("not_applied", String(30)),
    Column("completed_request", Boolean, nullable=False),
    Column("began_turn", Integer),
    Column("round", Integer),
    Column("new_recipient_id", String(100)),
    ForeignKeyConstraint(["document_id", "recipient_id"], ["signers.document_id", "signers.recipient_id"]),
)
