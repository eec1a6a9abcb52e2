"""Letters keep their Message-ID and a history, and mailboxes can be suppressed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

deliveries = sa.table(
    "mail_deliveries",
    sa.column("id", sa.Integer()),
    sa.column("address", sa.Text()),
    sa.column("mailbox", sa.Text()),
    sa.column("state", sa.String(16)),
    sa.column("host", sa.String(255)),
    sa.column("response", sa.Text()),
    sa.column("status", sa.String(16)),
    sa.column("source", sa.String(16)),
    sa.column("doubts", sa.Integer()),
    sa.column("resend_allowed", sa.Boolean()),
    sa.column("updated_at", sa.BigInteger()),
)
events = sa.table(
    "mail_delivery_events",
    sa.column("delivery_id", sa.Integer()),
    sa.column("state", sa.String(16)),
    sa.column("entered", sa.Boolean()),
    sa.column("at", sa.BigInteger()),
    sa.column("host", sa.String(255)),
    sa.column("response", sa.Text()),
    sa.column("status", sa.String(16)),
    sa.column("source", sa.String(16)),
)


def upgrade() -> None:
    """Widen the deliveries, make the history with what is known of each letter, and an empty list of suppressions."""
    _widen_deliveries()
    _create_events()
    _create_suppressions()
    _begin_histories()


def _widen_deliveries() -> None:
    with op.batch_alter_table("mail_deliveries") as table:
        for column in (
            sa.Column("mailbox", sa.Text()),
            sa.Column("message_id", sa.Text()),
            sa.Column("status", sa.String(16)),
            sa.Column("source", sa.String(16)),
            sa.Column("doubts", sa.Integer()),
            sa.Column("resend_allowed", sa.Boolean()),
            sa.Column("alerted_at", sa.BigInteger()),
        ):
            table.add_column(column)
    _fill_deliveries()
    with op.batch_alter_table("mail_deliveries") as table:
        table.alter_column("mailbox", existing_type=sa.Text(), nullable=False)
        table.alter_column("status", existing_type=sa.String(16), nullable=False)
        table.alter_column("source", existing_type=sa.String(16), nullable=False)
        table.alter_column("doubts", existing_type=sa.Integer(), nullable=False)
        table.alter_column("resend_allowed", existing_type=sa.Boolean(), nullable=False)
    op.create_index("ix_mail_deliveries_mailbox", "mail_deliveries", ["mailbox"])
    op.create_index("ix_mail_deliveries_message_id", "mail_deliveries", ["message_id"])


def _fill_deliveries() -> None:
    """Addresses are folded as SQL can, which is right for those of ASCII; others come right with their next try."""
    is_uncertain = deliveries.c.state == "uncertain"
    op.execute(
        deliveries.update().values(
            mailbox=sa.func.lower(deliveries.c.address),
            status="",
            source="smtp",
            doubts=sa.case((is_uncertain, 1), else_=0),
            resend_allowed=sa.false(),
        )
    )
    op.execute(deliveries.update().where(deliveries.c.state == "refused").values(state="bounced"))


def _create_events() -> None:
    op.create_table(
        "mail_delivery_events",
        sa.Column("id", sa.Integer()),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("entered", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("report_id", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mail_delivery_events"),
        sa.UniqueConstraint("report_id", name="uq_mail_delivery_events_report_id"),
        sa.ForeignKeyConstraint(["delivery_id"], ["mail_deliveries.id"], name="fk_mail_delivery_events_delivery_id"),
    )
    op.create_index("ix_mail_delivery_events_delivery_id", "mail_delivery_events", ["delivery_id"])


def _create_suppressions() -> None:
    op.create_table(
        "mail_suppressions",
        sa.Column("id", sa.Integer()),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("cleared_at", sa.BigInteger(), nullable=True),
        sa.Column("cleared_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_suppressions"),
        sa.ForeignKeyConstraint(["delivery_id"], ["mail_deliveries.id"], name="fk_mail_suppressions_delivery_id"),
    )
    op.create_index("ix_mail_suppressions_mailbox", "mail_suppressions", ["mailbox"])


def _begin_histories() -> None:
    columns = ["delivery_id", "state", "entered", "at", "host", "response", "status", "source"]
    known = sa.select(
        deliveries.c.id,
        deliveries.c.state,
        sa.true(),
        deliveries.c.updated_at,
        deliveries.c.host,
        deliveries.c.response,
        deliveries.c.status,
        deliveries.c.source,
    )
    op.execute(events.insert().from_select(columns, known))
