"""Who belongs to authenticated channels: kept by the store, and known here, because it is asked with every join."""

from collections.abc import Iterable, Mapping, Sequence

from headgate.errors import Unavailable
from headgate.store.base import Member, Store

MAX_MEMBERS = 100_000
"""Users times channels; all of them are held in memory."""


class Members:
    """To be opened when the store is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._users: dict[str, dict[str, str]] = {}
        """The modes of each user, by channels."""
        self._sizes: dict[str, int] = {}
        """How many belong to each channel."""
        self._count = 0

    async def open(self) -> None:
        """Learn what is kept."""
        self._add(await self._store.members())

    def channels(self, user: str) -> Mapping[str, str]:
        """The channels that a user belongs to, and its mode on each."""
        return self._users.get(user, {})

    def belongs(self, user: str | None, channel: str) -> bool:
        """Whether somebody may be on a channel."""
        return user is not None and channel in self._users.get(user, {})

    def has(self, channel: str) -> bool:
        """Whether anybody belongs to a channel."""
        return channel in self._sizes

    def of(self, channel: str) -> list[Member]:
        """Who belongs to a channel."""
        return [
            Member(channel, user, channels[channel]) for user, channels in self._users.items() if channel in channels
        ]

    async def add(self, members: Sequence[Member]) -> None:
        """Have more; raises Unavailable when that is too many, StoreError when they cannot be kept."""
        if self._count + len(members) > MAX_MEMBERS:
            raise Unavailable("There are too many members of channels.", code="too_many_members")
        await self._store.add_members(members)
        self._add(members)

    async def remove(self, members: Sequence[Member]) -> None:
        """Have less, whatever their modes; raises StoreError when that cannot be kept."""
        await self._store.remove_members(members)
        for member in members:
            channels = self._users.get(member.user, {})
            if channels.pop(member.channel, None) is not None:
                self._grow(member.channel, -1)
            if not channels:
                self._users.pop(member.user, None)

    def _add(self, members: Iterable[Member]) -> None:
        for member in members:
            channels = self._users.setdefault(member.user, {})
            if member.channel not in channels:
                self._grow(member.channel, 1)
            channels[member.channel] = member.mode

    def _grow(self, channel: str, by: int) -> None:
        self._count += by
        self._sizes[channel] = self._sizes.get(channel, 0) + by
        if not self._sizes[channel]:
            del self._sizes[channel]
