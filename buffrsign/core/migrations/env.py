"""How Alembic runs here: on the connection, and inside the transaction, that `core.sql.migrate` hands it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
