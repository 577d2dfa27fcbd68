"""
Has a database migrated by a process of its own.

Alembic takes half a second of a processor and some megabytes to load, for something that is done once in months: in
a process of its own it neither slows the start down nor stays in memory.
"""

import asyncio
import sys

from headgate.db.failures import DatabaseError
from headgate.db.place import Place

_PROGRAM = "import sys; sys.path[:] = {path!r}; from headgate.db.upgrading import main; main()"


async def migrate(place: Place) -> None:
    """Bring it to the newest revision, or make it. Raises DatabaseError."""
    # Isolated, so that nothing in the folder where the server was started is imported by mistake.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        _PROGRAM.format(path=sys.path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        # Not as an argument, which everybody on the machine can read: it may hold a password.
        _, said = await process.communicate(place.url.encode())
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        code, _, message = said.decode(errors="replace").strip().rpartition("\n")[2].partition(" ")
        if not message or not code.startswith("database_"):
            raise DatabaseError(f"{place.label} could not be migrated: {said.decode()[-300:].strip()}")
        raise DatabaseError(message, code=code)
