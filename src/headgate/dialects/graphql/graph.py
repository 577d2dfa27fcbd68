"""GraphQL over the lists of todos; what it needs is loaded with its first use, in a thread."""

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from headgate.dialects.graphql.doing import Doing
from headgate.formats.graphql import GraphQLRequest
from headgate.todos import Lists

if TYPE_CHECKING:
    from headgate.dialects.graphql.operations import Operations

Result: TypeAlias = dict[str, Any]


class Graph:
    """What HTTP and sockets have in common."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._operations: Operations | None = None
        self._loading = asyncio.Lock()

    async def answer(self, asked: GraphQLRequest | list[GraphQLRequest], owner: str, *, only_queries: bool) -> bytes:
        """What came of an operation, or of each of several, one after another; as JSON."""
        operations = await self._loaded()

        def work(connections: Any) -> bytes:
            doing = Doing(self._lists, owner, connections)
            if isinstance(asked, GraphQLRequest):
                return msgspec.json.encode(operations.execute(asked, doing, only_queries=only_queries))
            return msgspec.json.encode([operations.execute(one, doing) for one in asked])

        return await self._lists.database.run(work)

    async def begin(self, asked: GraphQLRequest, owner: str) -> "tuple[Operations, Result | None]":
        """What came of one operation; nothing when it is one that listens."""
        operations = await self._loaded()

        def work(connections: Any) -> Result | None:
            if operations.listens(asked):
                return None
            return operations.execute(asked, Doing(self._lists, owner, connections))

        return operations, await self._lists.database.run(work)

    async def _loaded(self) -> "Operations":
        operations = self._operations
        if operations is None:
            async with self._loading:
                operations = self._operations = self._operations or await self._load()
        return operations

    async def _load(self) -> "Operations":
        # The database makes itself ready meanwhile.
        operations, _ = await asyncio.gather(asyncio.to_thread(_load, self._lists), self._lists.database.ready())
        return operations


def _load(lists: Lists) -> "Operations":
    from headgate.dialects.graphql.operations import Operations

    return Operations(lists)
