"""What a request leaves behind that was refused."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from tests.web.site import Exchange, Site

REFUSED = {
    "a body that is none": ("POST", "/v1/chat/completions", 400),
    "an errand": ("POST", "/v1/embeddings", 400),
    "no such run": ("GET", "/v1/runs/run_0", 404),
    "no such path": ("GET", "/nowhere", 404),
    "no such method": ("PATCH", "/v1/models", 405),
}


class Whole(Exchange):
    """Of a request that is here with its body."""

    def whole_body(self) -> bytes:
        return b"?"


class Kept(dict[str, Any]):
    """A request's scope, of which it can be told whether anybody holds it."""


@pytest.mark.parametrize(("method", "path", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_request_is_gone_at_once(site: Site, method: str, path: str, status: int) -> None:
    """It may have brought megabytes, and the garbage collector, which counts no bytes, is in no hurry."""
    exchange = Whole()

    async def receive() -> Any:
        return {"type": "http.request", "body": b"?", "more_body": False}

    async def ask() -> "weakref.ref[Kept]":
        scope = Kept(
            {
                "type": "http",
                "method": method,
                "path": path,
                "query_string": b"",
                "headers": [],
                "client": None,
                "headgate.exchange": exchange,
            }
        )
        await site.gate(scope, receive, _unsent)
        return weakref.ref(scope)

    gc.collect()
    gc.disable()
    try:
        gone = site.run(ask())
        site.run(asyncio.sleep(0))
        assert exchange.answers[0].status == status
        assert gone() is None
    finally:
        gc.enable()


async def _unsent(message: Any) -> None:
    raise AssertionError("data is answered past ASGI")
