"""The pictures of each page of a version."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "page_pictures",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("pictures", sa.JSON, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "sha256", "page", name="pk_page_pictures"),
        sa.ForeignKeyConstraint(
            ["document_id", "sha256"],
            ["versions.document_id", "versions.sha256"],
            name="fk_page_pictures_document_id_sha256",
        ),
    )
