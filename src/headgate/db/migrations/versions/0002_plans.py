"""Todos have a date, a weight, tags and a place below another."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # SQLite makes the table anew for it, and has to be told again that no id is given twice.
    with op.batch_alter_table("todos", table_kwargs={"sqlite_autoincrement": True}) as todos:
        todos.add_column(sa.Column("due_date", sa.DateTime(timezone=True)))
        todos.add_column(sa.Column("weight", sa.Integer, nullable=False, server_default="1"))
        # One to a line; "" for none.
        todos.add_column(sa.Column("tags", sa.Text, nullable=False, server_default=sa.text("''")))
        todos.add_column(sa.Column("parent_id", sa.Integer))
        todos.create_foreign_key("fk_todos_parent_id", "todos", ["parent_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_todos_parent_id", "todos", ["parent_id"])
