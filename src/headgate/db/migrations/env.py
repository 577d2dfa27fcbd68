"""How Alembic runs the migrations: all that are due in one transaction, which shuts other writers out."""

from alembic import context
from sqlalchemy import Connection

from headgate.db.connections import WRITES


def migrate(connection: Connection) -> None:
    """Run what is due."""
    connection.execution_options(**{WRITES: True})
    with connection.begin():
        context.configure(
            connection=connection,
            target_metadata=context.config.attributes.get("models"),
            # For migrations that are written here by themselves: SQLite changes most of a table by making it anew.
            render_as_batch=True,
        )
        context.run_migrations()


with context.config.attributes["engine"].connect() as connected:
    migrate(connected)
