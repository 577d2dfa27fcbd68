"""Todos have a date, a weight, tags and a place below another."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("todos", sa.Column("due_date", sa.DateTime(timezone=True)))
    op.add_column("todos", sa.Column("weight", sa.Integer, nullable=False, server_default="1"))
    # One to a line; "" for none.
    op.add_column("todos", sa.Column("tags", sa.Text, nullable=False, server_default=""))
    parent = sa.ForeignKey("todos.id", name="fk_todos_parent_id", ondelete="SET NULL")
    # With its reference in the same breath, as SQLite knows no other; so the table need not be made anew.
    op.add_column("todos", sa.Column("parent_id", sa.Integer, parent), inline_references=True)
    op.create_index("ix_todos_parent_id", "todos", ["parent_id"])
