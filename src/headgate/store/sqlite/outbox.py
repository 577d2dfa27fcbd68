"""Messages that runs are over: kept with the end of the run, so that none is forgotten."""

import sqlite3
from collections.abc import Sequence

from headgate.store.base import Delivery, End, Try

_COLUMNS = "id, run, owner, url, kind, created, due, tries, status, note"


def post(connection: sqlite3.Connection, end: End) -> None:
    """One delivery for each hook of a run; part of the transaction that ends it."""
    sql = (
        "INSERT INTO outbox (run, owner, url, kind, created, due, tries, status, note) "
        "VALUES (?,?,?,?,?,?,0,'waiting','')"
    )
    head, now = end.head, end.ended
    connection.executemany(sql, [(head.run, head.owner, hook.url, hook.kind, now, now) for hook in end.hooks])


def due(connection: sqlite3.Connection, now: float, limit: int) -> list[Delivery]:
    """Deliveries whose time has come."""
    sql = f"SELECT {_COLUMNS} FROM outbox WHERE due IS NOT NULL AND due <= ? ORDER BY due LIMIT ?"
    return [_delivery(row) for row in connection.execute(sql, (now, limit))]


def next_due(connection: sqlite3.Connection) -> float | None:
    """When the time of the next one comes."""
    found: float | None = connection.execute("SELECT min(due) FROM outbox WHERE due IS NOT NULL").fetchone()[0]
    return found


def waiting(connection: sqlite3.Connection) -> int:
    """How many are still to be made."""
    found: int = connection.execute("SELECT count(*) FROM outbox WHERE due IS NOT NULL").fetchone()[0]
    return found


def of_run(connection: sqlite3.Connection, run: str, owner: str) -> list[Delivery]:
    """All deliveries of an owner's run."""
    sql = f"SELECT {_COLUMNS} FROM outbox WHERE run = ? AND owner = ? ORDER BY id"
    return [_delivery(row) for row in connection.execute(sql, (run, owner))]


def tries(connection: sqlite3.Connection, delivery: int) -> list[Try]:
    """What was tried for one."""
    sql = "SELECT at, status, error, seconds FROM tries WHERE delivery = ? ORDER BY rowid"
    return [Try(*row) for row in connection.execute(sql, (delivery,))]


def update(connection: sqlite3.Connection, delivery: Delivery, tried: Try | None) -> None:
    """Where one stands now, and the try that brought it there."""
    # With its run, because the number of one that was forgotten may be another's by now.
    sql = "UPDATE outbox SET due = ?, tries = ?, status = ?, note = ? WHERE id = ? AND run = ?"
    stands = (delivery.due, delivery.tries, delivery.status, delivery.note)
    changed = connection.execute(sql, (*stands, delivery.id, delivery.run))
    if tried is not None and changed.rowcount:
        values = (delivery.id, tried.at, tried.status, tried.error, tried.seconds)
        connection.execute("INSERT INTO tries VALUES (?,?,?,?,?)", values)


def put_off(connection: sqlite3.Connection, deliveries: Sequence[Delivery]) -> None:
    """Where several stand now, none of which was tried."""
    for delivery in deliveries:
        update(connection, delivery, None)


def forget(connection: sqlite3.Connection, run: str) -> None:
    """That run is gone, and everything that was to be said of it."""
    connection.execute("DELETE FROM tries WHERE delivery IN (SELECT id FROM outbox WHERE run = ?)", (run,))
    connection.execute("DELETE FROM outbox WHERE run = ?", (run,))


def _delivery(row: tuple[int, str, str, str, str, float, float | None, int, str, str]) -> Delivery:
    id, run, owner, url, kind, created, due, tries, status, note = row
    return Delivery(
        id=id, run=run, owner=owner, url=url, kind=kind, created=created, due=due, tries=tries, status=status, note=note
    )
