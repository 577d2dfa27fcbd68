"""
Whether there is room for more.

New runs are refused while there is still some left, so that those at work can be kept to their end.
"""

from contextlib import suppress

from headgate.errors import StoreError
from headgate.store.base import Room, Store

MB = 1_000_000


class RoomWatch:
    """Looks now and then how much room the store takes and has."""

    def __init__(self, store: Store, max_size: int | None, min_free: int) -> None:
        self._store, self._max_size, self._min_free = store, max_size, min_free
        self.last = Room(0, None)
        """What was seen at the last look."""
        self.trouble: StoreError | None = None
        """Why nothing more should be begun, if so."""

    async def look(self) -> None:
        """Look again."""
        # Whether the store works at all is for its commits to find out.
        with suppress(StoreError):
            self.last = await self._store.room()
            self.trouble = self._judge(self.last)

    def _judge(self, room: Room) -> StoreError | None:
        if self._max_size is not None and room.used >= self._max_size:
            return StoreError(
                f"The store is full: it may take {self._max_size / MB:,.0f} MB ([store] max_size). "
                "Delete runs, or keep them for a shorter time.",
                code="store_full",
            )
        if room.free is not None and room.free < self._min_free:
            return StoreError(
                f"The store's disk is nearly full: {room.free / MB:,.0f} MB are left, and no new runs are taken below "
                f"{self._min_free / MB:,.0f} MB ([store] min_free).",
                code="store_full",
            )
        return None
