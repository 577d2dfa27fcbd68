"""Todos belong to somebody: those that there are, to everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("todos", sa.Column("owner", sa.Text, nullable=False, server_default="anybody"))
    op.create_index("ix_todos_owner", "todos", ["owner"])
