"""What can go wrong with a database, in words of our own."""

import logging
from typing import TYPE_CHECKING

from headgate.db.place import Place
from headgate.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)


class DatabaseError(Unavailable):
    """The database cannot be used, at all or now."""

    code = "database_unavailable"


_KNOWN = (
    ("database is locked", "{} is busy: another program has been writing to it for too long.", "database_busy"),
    ("database table is locked", "{} is busy: another program is writing to it.", "database_busy"),
    ("database or disk is full", "{} cannot be written: the disk is full.", "database_full"),
    ("readonly database", "{} cannot be written: it is read-only.", "database_read_only"),
    ("unable to open database file", "{} cannot be opened: its folder is missing, or closed to us.", None),
    ("file is not a database", "{} is no database of SQLite's.", None),
    ("malformed", "{} is damaged. Stop the server and put a copy of it back.", None),
    ("disk i/o error", "{} cannot be read or written: the disk failed.", None),
    ("connection refused", "{} cannot be reached.", None),
    ("connection failed", "{} cannot be reached.", None),
    ("connection timeout", "{} cannot be reached.", None),
    ("no such table", "{} has lost its tables. Stop the server and run `headgate db upgrade`.", None),
)
"""What SQLite says, in part and in small letters; what we say of it; and its code."""

_URLS = frozenset({"ArgumentError", "NoSuchModuleError"})
"""What SQLAlchemy raises for a URL that it cannot make anything of."""

BUSY = "database_busy"
_BUSY_PAUSE = 1.0
"""Seconds after which it is worth another try."""


def unknown_revision(place: Place, revision: str) -> DatabaseError:
    """The database was made by a newer Headgate."""
    return DatabaseError(
        f"{place.label} is at revision {revision}, which this Headgate does not know: a newer one has "
        "made it. Use that one, or put back a copy of the database from before.",
        code="database_newer",
    )


def too_busy(place: Place) -> DatabaseError:
    """Nobody could be let in to write for too long."""
    message = f"{place.label} is busy: others have been writing to it for too long."
    return DatabaseError(message, code=BUSY, retry_after=_BUSY_PAUSE)


def explained(error: "SQLAlchemyError | ImportError", place: Place) -> DatabaseError:
    """The same, for clients: without statements, values and addresses."""
    if isinstance(error, ImportError):
        return DatabaseError(f"{place.label} needs a Python package that is not here: {error.name}.")
    if type(error).__name__ in _URLS:
        return DatabaseError(f"The URL of the database is not one of SQLAlchemy's: {place.shown}.")
    said = str(getattr(error, "orig", None) or error).lower()
    for part, words, code in _KNOWN:
        if part in said:
            log.error("%s: %s", place.shown, str(getattr(error, "orig", None) or error).partition("\n")[0])
            pause = _BUSY_PAUSE if code == BUSY else None
            return DatabaseError(words.format(place.label), code=code, retry_after=pause)
    log.error("The database %s failed", place.shown, exc_info=error)
    return DatabaseError(f"{place.label} failed; the server's log says how.")
