"""What is read of a stream while it is being settled."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headgate.store.sqlite import SqliteStore
from headgate.store.streams import Appended, Removed
from tests.store.streams_contract import made


def test_who_looks_while_it_is_settled_sees_what_was_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row that was read before is old, though nothing is owed any more: who took it would write over the rest."""

    async def main() -> None:
        store = SqliteStore(tmp_path / "store.db")
        await store.open()
        await store.append([], [made(1, "talk"), made(2, "brief")])
        await store.stream("alice", "talk")
        await store.append([], [Appended(1, 0, b"Hello"), Removed(2)])
        read = store._reader.do

        async def slowly(look: Callable[..., Any]) -> Any:
            found = await read(look)
            await store._writer.do(store._streams.settle)
            return found

        monkeypatch.setattr(store._reader, "do", slowly)
        found = await store.stream("alice", "talk")
        assert found is not None
        assert found.end == 5
        monkeypatch.undo()
        await store.close()

    asyncio.run(main())
