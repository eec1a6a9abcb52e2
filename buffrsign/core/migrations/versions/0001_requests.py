"""Signature requests: requests, signers, signer_events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "requests",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("document_title", sa.String(300), nullable=False),
        sa.Column("sender_email", sa.String(254), nullable=False),
        sa.Column("sender_name", sa.String(300), nullable=False),
        sa.Column("sender_locale", sa.String(6), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("reminders", sa.JSON, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("voided_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("document_id", name="pk_requests"),
    )
    op.create_table(
        "signers",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("recipient_id", sa.String(100), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("locale", sa.String(6), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("signing_order", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("decided_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("document_id", "recipient_id", name="pk_signers"),
        sa.ForeignKeyConstraint(["document_id"], ["requests.document_id"], name="fk_signers_document_id"),
    )
    op.create_table(
        "signer_events",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("event_id", sa.String(100), nullable=False),
        sa.Column("recipient_id", sa.String(100)),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("not_applied", sa.String(30)),
        sa.Column("completed_request", sa.Boolean, nullable=False),
        sa.Column("began_turn", sa.Integer),
        sa.PrimaryKeyConstraint("document_id", "event_id", name="pk_signer_events"),
        sa.ForeignKeyConstraint(["document_id"], ["requests.document_id"], name="fk_signer_events_document_id"),
        sa.ForeignKeyConstraint(
            ["document_id", "recipient_id"],
            ["signers.document_id", "signers.recipient_id"],
            name="fk_signer_events_document_id_recipient_id",
        ),
    )
