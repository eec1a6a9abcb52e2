"""Letters that come with a file: in which form it was handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column, which is empty for what was there before."""
    op.add_column("mail_deliveries", sa.Column("enclosed", sa.JSON(none_as_null=True)))
