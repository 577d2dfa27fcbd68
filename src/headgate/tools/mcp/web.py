"""A server that is reached by streamable HTTP: the package's transport, over a client that bounds what it takes in."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED
from typing_extensions import override

from headgate.net import Proxies, Target
from headgate.tools.mcp.pipes import MAX_MESSAGE

CONNECT_SECONDS = 5.0

GOODBYE_SECONDS = 2.0

SILENCE_SECONDS = 600.0
"""How long an answer may pause. Each call has a limit of its own, which is shorter; this one is for what nobody waits
for any more."""


@asynccontextmanager
async def streams(url: str, headers: Mapping[str, str], proxies: Proxies) -> AsyncIterator[Any]:
    """What the package's client talks through."""
    timeout = httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
    # Its environment is ours; what of it counts has been read elsewhere.
    async with httpx2.AsyncClient(
        headers={**headers, "accept-encoding": "identity"},
        timeout=timeout,
        transport=_Bounded(url, headers, proxies),
        trust_env=False,
    ) as client:
        transport: AbstractAsyncContextManager[Any] = streamable_http_client(
            url, http_client=client, max_sse_event_size=MAX_MESSAGE
        )
        async with transport as found:
            yield found


class _Bounded(httpx2.AsyncBaseTransport):
    """Answers that are no longer than a message may be; a server that cannot be reached has answered 502."""

    def __init__(self, url: str, headers: Mapping[str, str], proxies: Proxies) -> None:
        proxy = proxies.proxy_for(*Target("POST", url, headers).origin)
        self._inner = httpx2.AsyncHTTPTransport(
            verify=ssl.create_default_context(),
            proxy=None
            if proxy is None
            else httpx2.Proxy(f"http://{proxy.address}", headers=_authorization(proxy.authorization)),
        )

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE":
            # Its good-bye, which a server that hangs must not hold up.
            request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), GOODBYE_SECONDS)
        try:
            response = await self._inner.handle_async_request(request)
        except httpx2.ConnectError:
            return _failure(request, "it cannot be reached")
        except httpx2.TransportError as error:
            return _failure(request, f"it broke off: {type(error).__name__}")
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            return _failure(request, "it compresses what should not be")
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = _BoundedStream(response.stream)
        return response

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    """What goes on for longer is broken off."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_MESSAGE
        try:
            async for data in self._stream:
                left -= len(data)
                if left < 0:
                    raise httpx2.StreamError("it is over the size limit")
                yield data
        except httpx2.TransportError as error:
            # The kind that the package makes an error of this call's alone.
            raise httpx2.StreamError(str(error)) from None

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()


def _failure(request: httpx2.Request, words: str) -> httpx2.Response:
    """In place of an exception: a request that failed must not take the others with it."""
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": CONNECTION_CLOSED, "message": words}}
    return httpx2.Response(502, json=body, request=request)


def _authorization(line: bytes) -> dict[str, str]:
    """A whole header line as a table."""
    name, _, value = line.decode("latin-1").strip().partition(": ")
    return {name: value} if value else {}
