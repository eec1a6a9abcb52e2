"""The document catalog: documents, versions, steps, attachments."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the four tables."""
    _create_documents_and_versions()
    _create_what_hangs_on_a_version()


def _create_documents_and_versions() -> None:
    op.create_table(
        "documents",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("retain_until", sa.BigInteger),
        sa.Column("on_hold", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("state_reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_documents"),
    )
    op.create_index("ix_documents_retain_until", "documents", ["retain_until"])
    op.create_table(
        "versions",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("deleted_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("document_id", "sha256", name="pk_versions"),
        sa.UniqueConstraint("document_id", "number", name="uq_versions_document_id_number"),
        sa.ForeignKeyConstraint(["document_id"], ["documents.document_id"], name="fk_versions_document_id"),
    )
    op.create_index("ix_versions_sha256", "versions", ["sha256"])


def _create_what_hangs_on_a_version() -> None:
    op.create_table(
        "steps",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("step", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("finished_at", sa.BigInteger, nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "sha256", "step", name="pk_steps"),
        _of_a_version("steps"),
    )
    op.create_table(
        "attachments",
        sa.Column("document_id", sa.String(100), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("blob", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "sha256", "blob", name="pk_attachments"),
        _of_a_version("attachments"),
    )
    op.create_index("ix_attachments_blob", "attachments", ["blob"])


def _of_a_version(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["document_id", "sha256"],
        ["versions.document_id", "versions.sha256"],
        name=f"fk_{table}_document_id_sha256",
    )
