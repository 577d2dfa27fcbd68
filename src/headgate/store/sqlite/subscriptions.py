"""Subscriptions to streams: a row for each, and one for each stream that somebody is somewhere in."""

import sqlite3
from collections.abc import Sequence

from headgate.store.subscriptions import Link, Subscription


def everything(connection: sqlite3.Connection) -> list[tuple[Subscription, list[Link]]]:
    """All of them."""
    found: dict[tuple[str, str], tuple[Subscription, list[Link]]] = {}
    for row in connection.execute("SELECT owner, id, wish, state FROM subscriptions ORDER BY rowid"):
        found[row[0], row[1]] = Subscription(*row), []
    for owner, id, stream, acked, explicit in connection.execute(
        "SELECT owner, subscription, stream, acked, explicit FROM subscription_links ORDER BY stream"
    ):
        if (owner, id) in found:
            found[owner, id][1].append(Link(stream, acked, bool(explicit)))
    return list(found.values())


def keep(
    connection: sqlite3.Connection, subscription: Subscription, links: Sequence[Link], unlinked: Sequence[str]
) -> None:
    """One as it is now, with the links that have changed."""
    owner, id = subscription.owner, subscription.id
    sql = "INSERT INTO subscriptions VALUES (?,?,?,?) ON CONFLICT (owner, id) DO UPDATE SET state = excluded.state"
    connection.execute(sql, (owner, id, subscription.wish, subscription.state))
    sql = "INSERT OR REPLACE INTO subscription_links VALUES (?,?,?,?,?)"
    connection.executemany(sql, [(owner, id, link.stream, link.acked, link.is_explicit) for link in links])
    sql = "DELETE FROM subscription_links WHERE owner = ? AND subscription = ? AND stream = ?"
    connection.executemany(sql, [(owner, id, stream) for stream in unlinked])


def forget(connection: sqlite3.Connection, owner: str, id: str) -> None:
    """One is no more."""
    connection.execute("DELETE FROM subscription_links WHERE owner = ? AND subscription = ?", (owner, id))
    connection.execute("DELETE FROM subscriptions WHERE owner = ? AND id = ?", (owner, id))
