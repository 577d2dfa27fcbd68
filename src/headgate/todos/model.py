"""The table of todos, as SQLAlchemy has it; importing this loads it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from headgate.db.base import Base, Moment


class TodoRow(Base):
    """A row of it."""

    __tablename__ = "todos"
    # No id is given twice, also not after the newest todo was deleted.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own way)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    title: Mapped[str] = mapped_column(Text)
    completed: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    due_date: Mapped[datetime | None] = mapped_column(Moment)
    weight: Mapped[int] = mapped_column(server_default="1")
    tags: Mapped[str] = mapped_column(Text, server_default=text("''"))
    """One to a line, with a line end before the first and after the last, so that each can be looked for as a whole."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("todos.id", ondelete="SET NULL"), index=True)
    owner: Mapped[str] = mapped_column(Text, server_default="anybody", index=True)
