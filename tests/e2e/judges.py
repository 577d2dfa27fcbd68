"""The official OpenAI SDK, in both its forms, as a judge of what the server says."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

import openai

from tests.e2e.wire import PATIENCE

KEY = "any-key-will-do"

Call: TypeAlias = Callable[[Any], Any]
"""What to ask of a client: a lambda that works for both kinds of it."""


class Judge(Protocol):
    """The SDK in one of its forms."""

    def whole(self, call: Call) -> Any:
        """The answer to a call that is not streamed."""

    def pieces(self, call: Call) -> list[Any]:
        """The chunks or events of a streamed call."""

    def helper(self, call: Call, final: str) -> tuple[list[Any], Any]:
        """The events of a stream helper, and what its method `final` puts together from them."""


class Sync:
    """openai.OpenAI."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self._url, self._key = url + "/v1", key

    def client(self) -> openai.OpenAI:
        """A new one, which the caller closes."""
        return openai.OpenAI(base_url=self._url, api_key=self._key, max_retries=0, timeout=PATIENCE)

    def whole(self, call: Call) -> Any:
        with self.client() as client:
            return call(client)

    def pieces(self, call: Call) -> list[Any]:
        with self.client() as client, call(client) as stream:
            return list(stream)

    def helper(self, call: Call, final: str) -> tuple[list[Any], Any]:
        with self.client() as client, call(client) as stream:
            return list(stream), getattr(stream, final)()


class Async:
    """openai.AsyncOpenAI."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self._url, self._key = url + "/v1", key

    def client(self) -> openai.AsyncOpenAI:
        """A new one, which the caller closes."""
        return openai.AsyncOpenAI(base_url=self._url, api_key=self._key, max_retries=0, timeout=PATIENCE)

    def whole(self, call: Call) -> Any:
        async def ask(client: Any) -> Any:
            return await call(client)

        return self._run(ask)

    def pieces(self, call: Call) -> list[Any]:
        async def ask(client: Any) -> list[Any]:
            async with await call(client) as stream:
                return [piece async for piece in stream]

        return self._run(ask)  # type: ignore[no-any-return]

    def helper(self, call: Call, final: str) -> tuple[list[Any], Any]:
        async def ask(client: Any) -> tuple[list[Any], Any]:
            async with call(client) as stream:
                return [event async for event in stream], await getattr(stream, final)()

        return self._run(ask)  # type: ignore[no-any-return]

    def _run(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            async with self.client() as client:
                return await ask(client)

        return asyncio.run(main())
