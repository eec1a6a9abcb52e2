"""Send rates of mail providers, and the slots of letters that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "mail_rates",
        sa.Column("provider", sa.String(255), nullable=False),
        sa.Column("lane", sa.String(8), nullable=False),
        sa.Column("next_us", sa.BigInteger(), nullable=False),
        sa.Column("spent_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "lane", name="pk_mail_rates"),
    )
    op.create_table(
        "mail_slots",
        sa.Column("provider", sa.String(255), nullable=False),
        sa.Column("letter", sa.String(36), nullable=False),
        sa.Column("lane", sa.String(8), nullable=False),
        sa.Column("slot_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "letter", name="pk_mail_slots"),
    )
    op.create_index("ix_mail_slots_provider_slot_us", "mail_slots", ["provider", "slot_us"])
