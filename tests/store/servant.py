"""A store at the service of another process, with bounds so small that its rare paths are common."""

from pathlib import Path
from typing import Any, NamedTuple

from headgate.store.base import Delivery, Filter, Segment, Store, Summary, Try
from headgate.store.sqlite import SqliteStore, journal, leavings, soundfiles
from headgate.store.sqlite import store as sqlite_store

LONG = 2000
"""A text of so many characters is more than one commit takes with it."""


def durable(path: Path) -> "Servant":
    """One with a SQLite store."""
    journal.DROP_ROWS = 2
    journal.REWRITE_ROWS = 3
    journal.REWRITE_BACKLOG = 6
    journal.AT_ONCE = LONG
    sqlite_store.CHECKPOINT_PAGES = 40
    sqlite_store.MUCH_ROOM = 1 << 40
    soundfiles.FILE_SIZE = LONG
    leavings.AT_ONCE = 2
    return Servant(SqliteStore(path))


class Sent(NamedTuple):
    """A delivery and its tries, without the number that the store gives it."""

    url: str
    kind: str
    due: float | None
    tries: int
    status: str
    note: str
    tried: list[Try]


class Servant:
    """Does what it is asked with a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, verb: str, *given: Any) -> Any:
        return await getattr(self, verb)(*given)

    async def open(self) -> Any:
        """The runs that were left behind."""
        return await self._store.open()

    async def close(self) -> None:
        """Let go of it in an orderly way."""
        await self._store.close()

    async def append(self, batch: list[Segment]) -> None:
        """Keep them."""
        await self._store.append(batch)

    async def delete(self, run: str, owner: str) -> bool:
        """Forget one."""
        return await self._store.delete(run, owner)

    async def expire(self, now: float, retention: float) -> int:
        """Forget all that are old; how many."""
        count = 0
        while step := await self._store.expire(now, retention):
            count += step
        return count

    async def deliver(self, delivery: Delivery, tried: Try) -> None:
        """A try was made."""
        await self._store.update_delivery(delivery, tried)

    async def page(self, owner: str, limit: int, before: str | None, filter: Filter) -> list[Summary]:
        """A page of a list."""
        return await self._store.recent(owner, limit=limit, before=before, filter=filter)

    async def deliveries(self, run: str, owner: str) -> list[Delivery]:
        """Those of a run."""
        return await self._store.deliveries(run, owner)

    async def look(self, runs: dict[str, str], names: list[str]) -> dict[str, Any]:
        """Everything there is to see of these runs (with their owners), of these names, and of the outbox."""
        store = self._store
        found = [await store.get(run, owner) for run, owner in runs.items()]
        named = {name: await store.named(name) for name in names}
        sent = {run: await store.deliveries(run, owner) for run, owner in runs.items()}
        return {
            "runs": {record.head.run: record for record in found if record is not None},
            "names": {name: record.head.run for name, record in named.items() if record is not None},
            "lists": {owner: await store.recent(owner, limit=1000) for owner in set(runs.values())},
            "sent": {run: [await self._sent(one) for one in all] for run, all in sent.items() if all},
            "due": [one.due for one in await store.due(float("inf"), 1000)],
            "next": await store.next_due(),
        }

    async def _sent(self, one: Delivery) -> Sent:
        return Sent(one.url, one.kind, one.due, one.tries, one.status, one.note, await self._store.tries(one.id))

    async def secret(self) -> bytes:
        """The store's own."""
        return self._store.secret
