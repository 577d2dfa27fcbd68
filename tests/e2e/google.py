"""Google's own client as a judge, and upstreams that speak as Google does."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

from google import genai
from google.genai import types

from tests.e2e.upstream import STREAM_HEAD, Peer, Play, Request, Upstream
from tests.e2e.wire import PATIENCE, script

SECRET = "AIza-of-the-gateway"
KEY = "any-key-will-do"

Call: TypeAlias = Callable[[Any], Any]
"""What to ask of `client.models`: a lambda that works for both kinds of it."""


class Judge(Protocol):
    """The SDK in one of its forms."""

    def whole(self, call: Call) -> Any:
        """The answer to a call that is not streamed."""

    def pieces(self, call: Call) -> list[Any]:
        """The chunks of a streamed call."""


def client(url: str, key: str = KEY, version: str | None = None) -> genai.Client:
    """A new client of the server."""
    options = types.HttpOptions(base_url=url + "/genai", api_version=version, timeout=int(PATIENCE * 1000))
    return genai.Client(api_key=key, http_options=options)


class Sync:
    """genai.Client."""

    def __init__(self, url: str) -> None:
        self._url = url

    def whole(self, call: Call) -> Any:
        with client(self._url) as asked:
            return call(asked.models)

    def pieces(self, call: Call) -> list[Any]:
        with client(self._url) as asked:
            return list(call(asked.models))


class Async:
    """genai.Client().aio"""

    def __init__(self, url: str) -> None:
        self._url = url

    def whole(self, call: Call) -> Any:
        async def ask(models: Any) -> Any:
            return await call(models)

        return self._run(ask)

    def pieces(self, call: Call) -> list[Any]:
        async def ask(models: Any) -> list[Any]:
            return [piece async for piece in await call(models)]

        return list(self._run(ask))

    def _run(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            async with client(self._url).aio as asked:
                return await ask(asked.models)

        return asyncio.run(main())


def config(config: dict[str, Any] | None = None, **said: Any) -> types.GenerateContentConfig:
    """Options of a request with a script for the simulator."""
    extra = types.HttpOptions(extra_body=script(**said)) if said else None
    return types.GenerateContentConfig(**(config or {}), http_options=extra)


def provider(upstream: Upstream, name: str = "up", more: str = "") -> str:
    """The section of a configuration that makes it a Gemini provider."""
    return (
        f'[providers.{name}]\nkind = "gemini"\nbase_url = "http://127.0.0.1:{upstream.port}/v1beta"\n'
        f'api_key = "{SECRET}"\nmodels = ["m"]\n{more}\n'
    )


def saying(*chunks: Any) -> Play:
    """Stream these."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(STREAM_HEAD)
        for chunk in chunks:
            peer.piece(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n")
        peer.send(b"0\r\n\r\n")
        return request

    return play


def answering(body: Any, status: str = "200 OK") -> Play:
    """Answer whole, or with an error."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        peer.send(head.encode() + data)
        return request

    return play
