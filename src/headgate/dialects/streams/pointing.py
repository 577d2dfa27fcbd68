"""
Pointing to a run's stream instead of answering with it.

Clients of Durable Streams ask for an answer in one request and read it with others: with `Prefer:
respond-async` the answer says only where that is. They read without headers, so what they are told
is a link that needs no key.
"""

import time

import msgspec

from headgate.runs import Run
from headgate.web.http import Request
from headgate.web.links import Links

LASTS = 24 * 3600
"""Seconds: longer than an answer is made, and than a page stays open that began it; another is told when it asks."""


def wants_pointer(request: Request) -> bool:
    """Whether the client wants to know where the answer is, and not the answer."""
    wishes = request.headers.get(b"prefer", b"").lower().split(b",")
    return b"respond-async" in [wish.partition(b";")[0].strip() for wish in wishes]


def point(request: Request, status: int, run: Run, form: str, links: Links) -> None:
    """Say where a run's stream is, to a client that may read it."""
    token = links.make(run.id, run.head.owner, "read", int(time.time()) + LASTS)
    url = f"/v1/stream/runs/{run.id}?as={form}&token={token}"
    lines = (
        b"location: %b\r\naccess-control-expose-headers: location\r\n"
        b"preference-applied: respond-async\r\ncache-control: no-store\r\n" % url.encode()
    )
    request.answer(status, msgspec.json.encode({"streamUrl": url}), lines)
