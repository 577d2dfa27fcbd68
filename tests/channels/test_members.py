"""Who belongs to authenticated channels."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from headgate.channels import Members
from headgate.channels import members as module
from headgate.errors import StoreError, Unavailable
from headgate.store.base import Member
from headgate.store.memory import MemoryStore


def test_they_are_known_as_they_are_kept() -> None:
    async def main() -> None:
        store = MemoryStore()
        members = Members(store)
        await members.open()
        await members.add([Member("sales", "ann", "listen"), Member("sales", "bob"), Member("support", "ann")])
        await members.add([Member("sales", "ann", "receive")])
        again = Members(store)
        await again.open()
        for each in (members, again):
            assert each.channels("ann") == {"sales": "receive", "support": ""}
            assert each.of("sales") == [Member("sales", "ann", "receive"), Member("sales", "bob")]
            assert each.belongs("bob", "sales")
            assert not each.belongs("bob", "support")
            assert not each.belongs(None, "sales")
        await members.remove([Member("sales", "ann"), Member("none", "ann"), Member("sales", "nobody")])
        assert members.channels("ann") == {"support": ""}
        assert [member.user for member in await store.members()] == ["bob", "ann"]

    asyncio.run(main())


def test_what_cannot_be_kept_is_not_known_either() -> None:
    class Full(MemoryStore):
        @override
        async def add_members(self, members: Sequence[Member]) -> None:
            raise StoreError("full")

        @override
        async def remove_members(self, members: Sequence[Member]) -> None:
            raise StoreError("full")

    async def main() -> None:
        store = Full()
        await MemoryStore.add_members(store, [Member("sales", "ann")])
        members = Members(store)
        await members.open()
        with pytest.raises(StoreError):
            await members.add([Member("sales", "bob")])
        with pytest.raises(StoreError):
            await members.remove([Member("sales", "ann")])
        assert (members.belongs("bob", "sales"), members.belongs("ann", "sales")) == (False, True)

    asyncio.run(main())


def test_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 2)

    async def main() -> None:
        members = Members(MemoryStore())
        await members.add([Member("sales", "ann"), Member("sales", "bob")])
        with pytest.raises(Unavailable):
            await members.add([Member("sales", "eve")])
        await members.remove([Member("sales", "ann")])
        await members.add([Member("sales", "eve")])

    asyncio.run(main())
