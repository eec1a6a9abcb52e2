"""The tables of the document catalog. Migrations 0002 and 0010 build them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from buffrsign.core.sql import UtcMoment, metadata

documents = Table(
    "documents",
    metadata,
    Column("document_id", String(100), primary_key=True),
    Column("title", String(300), nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("retain_until", UtcMoment, index=True),
    Column("on_hold", Boolean, nullable=False),
    Column("state", String(20), nullable=False),
    Column("state_reason", Text, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("document_id", String(100), ForeignKey("documents.document_id"), primary_key=True),
    Column("sha256", String(64), primary_key=True, index=True),
    Column("number", Integer, nullable=False),
    Column("stored_at", UtcMoment, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("deleted_at", UtcMoment),
    UniqueConstraint("document_id", "number"),
)

# `position` counts a version's steps in the order in which they were first recorded: it says who came last.
steps = Table(
    "steps",
    metadata,
    Column("document_id", String(100), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("step", String(40), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("finished_at", UtcMoment, nullable=False),
    Column("result", JSON, nullable=False),
    ForeignKeyConstraint(["document_id", "sha256"], ["versions.document_id", "versions.sha256"]),
)

# Blobs made from a version, such as its thumbnail: they go when it goes.
attachments = Table(
    "attachments",
    metadata,
    Column("document_id", String(100), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("blob", String(64), primary_key=True, index=True),
    ForeignKeyConstraint(["document_id", "sha256"], ["versions.document_id", "versions.sha256"]),
)

# One row for each page that was looked at, from 1. `pictures`: by name, the blob and its size; empty with a `reason`.
page_pictures = Table(
    "page_pictures",
    metadata,
    Column("document_id", String(100), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("pictures", JSON, nullable=False),
    Column("reason", String(40), nullable=False),
    ForeignKeyConstraint(["document_id", "sha256"], ["versions.document_id", "versions.sha256"]),
)
