"""
The server's database: connections to it, and the migrations that bring it up to date.

Nothing here imports SQLAlchemy or Alembic before the database is used: a server that is never asked for what it
holds does not pay for them.
"""

from headgate.db.database import Database
from headgate.db.failures import DatabaseError
from headgate.db.place import MEMORY, Place, place_of

__all__ = ["MEMORY", "Database", "DatabaseError", "Place", "place_of"]
