"""The record of mail deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of deliveries."""
    op.create_table(
        "mail_deliveries",
        sa.Column("id", sa.Integer()),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("document_id", sa.String(100), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_deliveries"),
        sa.UniqueConstraint("job_id", name="uq_mail_deliveries_job_id"),
        sa.UniqueConstraint(
            "document_id",
            "recipient",
            "kind",
            "round",
            name="uq_mail_deliveries_document_id_recipient_kind_round",
        ),
    )
