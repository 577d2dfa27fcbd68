"""The program that migrates a database: its URL comes on stdin, and what went wrong goes to stderr, in one line."""

import sys

from headgate.db.failures import DatabaseError
from headgate.db.place import Place


def main() -> None:
    """Migrate, and leave with 1 when that failed."""
    from headgate.db.migrations import upgrade

    try:
        upgrade(Place(sys.stdin.read()))
    except DatabaseError as error:
        sys.exit(f"{error.code} {error.message}")
