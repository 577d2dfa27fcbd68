"""A function that is written in this program: what it is, and a coroutine that does it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from headgate.tools.base import Context


class PlainFunction(msgspec.Struct, frozen=True, kw_only=True):
    """A Function by what it has."""

    name: str
    description: str
    schema: dict[str, Any]
    run: Callable[[Mapping[str, Any], Context], Awaitable[str]]
    source: str = "built in"
    timeout: float | None = None
    max_parallel: int | None = None
    is_repeatable: bool = False

    async def call(self, arguments: Mapping[str, Any], context: Context) -> str:
        """As `Function.call`."""
        return await self.run(arguments, context)
