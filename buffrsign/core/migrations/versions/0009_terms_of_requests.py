"""Signature requests: a customer's own words in their letters, who signs in whose place, and earlier expiries."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns, which are empty for what was there before."""
    op.add_column("requests", sa.Column("wordings", sa.JSON(none_as_null=True)))
    op.add_column("requests", sa.Column("expiries", sa.Integer))
    op.add_column("signers", sa.Column("in_place_of", sa.String(100)))
    op.add_column("signer_events", sa.Column("new_recipient_id", sa.String(100)))
