"""Signature requests: who was told what, and what comes next."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table, and add the columns that are empty for what was there before."""
    op.create_table(
        "notices",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("recipient_id", sa.String(100), nullable=False),
        sa.Column("letter", sa.String(40), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "recipient_id", "letter", "round", name="pk_notices"),
        sa.ForeignKeyConstraint(["document_id"], ["requests.document_id"], name="fk_notices_document_id"),
    )
    op.add_column("signers", sa.Column("next_letter", sa.String(40)))
    op.add_column("signers", sa.Column("next_round", sa.Integer))
    op.add_column("signers", sa.Column("next_at", sa.BigInteger))
    op.add_column("signer_events", sa.Column("round", sa.Integer))
