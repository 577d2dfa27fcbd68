"""The runs that are over, as the store has them."""

from collections import deque
from collections.abc import Sequence
from weakref import WeakValueDictionary

from headgate.formats.voices import SPEECH
from headgate.runs.run import Run
from headgate.store.base import Record, Store

LATELY = 16
"""Runs that are held though nobody reads them at the moment: whoever asks for one asks again."""

LATELY_HEARD = 1
"""The same of sounds, which take fifty megabytes and more."""


class Archive:
    """Brings them back; a long log is held once, however many read it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: WeakValueDictionary[str, Run] = WeakValueDictionary()
        self._lately: deque[Run] = deque(maxlen=LATELY)
        self._lately_heard: deque[Run] = deque(maxlen=LATELY_HEARD)
        self._losses = 0
        """How often something was forgotten: what was being read meanwhile may be gone, and is not held."""

    def held(self, id: str) -> Run | None:
        """One that somebody reads, or has read just now."""
        return self._read.get(id)

    @property
    def at_hand(self) -> Sequence[Run]:
        """Those that are held."""
        return list(self._read.values())

    async def get(self, id: str, owner: str) -> Run | None:
        """An owner's run."""
        losses = self._losses
        record = await self._store.get(id, owner)
        return None if record is None else self._from(record, losses)

    async def named(self, name: str) -> Run | None:
        """The run with that name, whoever's it is."""
        losses = self._losses
        record = await self._store.named(name)
        return None if record is None else self._from(record, losses)

    async def delete(self, run: Run) -> None:
        """Forget one."""
        await self._store.delete(run.id, run.head.owner)
        self._losses += 1
        self._read.pop(run.id, None)

    async def expire(self, now: float, retention: float) -> int:
        """Forget some that were kept for long enough; says how many."""
        # What is forgotten must not be found here.
        self._lately.clear()
        self._lately_heard.clear()
        forgotten = await self._store.expire(now, retention)
        self._losses += forgotten
        return forgotten

    def _from(self, record: Record, losses: int) -> Run:
        known = self._read.get(record.head.run)
        if known is None:
            known = Run.kept(record.head, record.events, record.ended)
            if losses == self._losses:
                self._read[record.head.run] = known
                lately = self._lately_heard if known.head.format == SPEECH else self._lately
                lately.append(known)
        return known
