"""A short question that a request asks, and that ends with its client."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from headgate.errors import Unavailable
from headgate.runs.catalogue import Target
from headgate.runs.errands import Done, Errand, Errands
from headgate.web.http import Request
from headgate.web.wishing import limits_in

T = TypeVar("T")

BREATH = 16
"""Pieces that are written without a pause: each may take a tenth of a millisecond."""


async def done(errands: Errands, request: Request, route: Sequence[Target], errand: Errand[T]) -> Done[T] | None:
    """What came of it, within the limits that the request's headers name; None when the client went away before."""
    task = asyncio.ensure_future(errands.send(route, errand, limits_in(request.headers)))
    client = _Client(task)
    request.on_leave(client.leave)
    try:
        return await task
    except asyncio.CancelledError:
        own = asyncio.current_task()
        if own is not None and own.cancelling():
            raise
        if client.is_gone:
            return None
        raise Unavailable("The server is shutting down.", code="shutting_down", retry_after=5) from None
    finally:
        request.on_leave(None)


class _Client:
    """Whoever waits for it."""

    def __init__(self, task: "asyncio.Future[Any]") -> None:
        self._task = task
        self.is_gone = False

    def leave(self) -> None:
        """Nobody waits any more."""
        self.is_gone = True
        self._task.cancel()


async def joined(pieces: Iterator[bytes]) -> bytes:
    """All of them, with turns for others in between."""
    made = []
    for place, piece in enumerate(pieces):
        made.append(piece)
        if place % BREATH == BREATH - 1:
            await asyncio.sleep(0)
    return b"".join(made)
