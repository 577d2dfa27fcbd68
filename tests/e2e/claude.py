"""The official Anthropic SDK, in both its forms, as a judge; and an upstream that speaks as Anthropic does."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, TypeAlias

import anthropic

from tests.e2e.upstream import STREAM_HEAD, Peer, Play, Request, Upstream
from tests.e2e.wire import PATIENCE

KEY = "any-key-will-do"
SECRET = "sk-ant-api03-secret"

Call: TypeAlias = Callable[[Any], Any]
"""What to ask of a client: a lambda that works for both kinds of it."""


class Judge(Protocol):
    """The SDK in one of its forms."""

    def whole(self, call: Call) -> Any:
        """The answer to a call that is not streamed."""

    def pieces(self, call: Call) -> list[Any]:
        """The events of a streamed call."""

    def helper(self, call: Call) -> tuple[list[Any], Any]:
        """The events of the stream helper, and the message that it puts together from them."""


class Sync:
    """anthropic.Anthropic."""

    def __init__(self, url: str, key: str = KEY, base: str = "/anthropic") -> None:
        self._url, self._key = url + base, key

    def client(self) -> anthropic.Anthropic:
        """A new one, which the caller closes."""
        return anthropic.Anthropic(base_url=self._url, api_key=self._key, max_retries=0, timeout=PATIENCE)

    def whole(self, call: Call) -> Any:
        with self.client() as client:
            return call(client)

    def pieces(self, call: Call) -> list[Any]:
        with self.client() as client, call(client) as stream:
            return list(stream)

    def helper(self, call: Call) -> tuple[list[Any], Any]:
        with self.client() as client, call(client) as stream:
            return list(stream), stream.get_final_message()


class Async:
    """anthropic.AsyncAnthropic."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self._url, self._key = url + "/anthropic", key

    def client(self) -> anthropic.AsyncAnthropic:
        """A new one, which the caller closes."""
        return anthropic.AsyncAnthropic(base_url=self._url, api_key=self._key, max_retries=0, timeout=PATIENCE)

    def whole(self, call: Call) -> Any:
        async def ask(client: Any) -> Any:
            return await call(client)

        return self._run(ask)

    def pieces(self, call: Call) -> list[Any]:
        async def ask(client: Any) -> list[Any]:
            async with await call(client) as stream:
                return [piece async for piece in stream]

        return self._run(ask)  # type: ignore[no-any-return]

    def helper(self, call: Call) -> tuple[list[Any], Any]:
        async def ask(client: Any) -> tuple[list[Any], Any]:
            async with call(client) as stream:
                return [event async for event in stream], await stream.get_final_message()

        return self._run(ask)  # type: ignore[no-any-return]

    def _run(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            async with self.client() as client:
                return await ask(client)

        return asyncio.run(main())


def config(upstream: Upstream) -> str:
    """The section of a configuration that makes an upstream a provider of Anthropic's API."""
    return (
        f'[providers.up]\nkind = "anthropic"\nbase_url = "http://127.0.0.1:{upstream.port}/v1"\n'
        f'api_key = "{SECRET}"\nmodels = ["m"]\n'
    )


def saying(events: Iterable[dict[str, Any]]) -> Play:
    """Answer one request with these events."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(STREAM_HEAD)
        for event in events:
            peer.piece(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        peer.send(b"0\r\n\r\n")
        return request

    return play


def answering(body: Any, status: str = "200 OK", headers: str = "") -> Play:
    """Answer one request with this object."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        said = json.dumps(body).encode()
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(said)}\r\n{headers}\r\n"
        peer.send(head.encode() + said)
        return request

    return play
