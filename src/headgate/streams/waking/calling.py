"""Calling whoever is to be woken: a signed message to its address, or one on the stream that it reads."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote, urlsplit

import msgspec

from headgate.streams.library import Library
from headgate.streams.waking.signing import Signer
from headgate.streams.waking.subscription import State, Subscription, Told
from headgate.streams.waking.tokens import Tokens
from headgate.streams.wishes import Addition

PER_HOST = 8
"""Calls to one host at a time."""

AT_ONCE = 128
"""Calls at a time: sixteen hosts may hang before anybody else has to wait."""


class Answered(NamedTuple):
    """What came of a call."""

    is_heard: bool
    error: str
    """What was wrong, in a sentence; "" when nothing was."""
    body: bytes


Post: TypeAlias = Callable[[str, Sequence[tuple[str, str]], bytes], Awaitable[Answered]]
"""Posts a body with headers; never raises, and takes no longer than it may."""


class _Reply(msgspec.Struct):
    done: bool = False


_reply = msgspec.json.Decoder(_Reply)


class Caller:
    """Calls."""

    def __init__(self, library: Library, signer: Signer, tokens: Tokens, post: Post, now: Callable[[], float]) -> None:
        self._library, self._signer, self._tokens, self._post, self._now = library, signer, tokens, post, now
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._hosts: dict[str, tuple[asyncio.Semaphore, int]] = {}

    async def post(self, subscription: Subscription, state: State, told: Sequence[Told]) -> Answered:
        """To its webhook; raises CannotSign."""
        wish = subscription.made.wish
        assert wish.url is not None, "it is a webhook"
        body = msgspec.json.encode(self._message(subscription, state, told))
        async with self._turn(urlsplit(wish.url).netloc.lower()):
            signature = self._signer.sign(subscription.owner, int(self._now()), body)
            headers = (("content-type", "application/json"), ("webhook-signature", signature))
            return await self._post(wish.url, headers, body)

    async def write(self, subscription: Subscription, state: State) -> Answered:
        """On its stream of wakes, whose readers have heard; raises what is wrong with that."""
        wish = subscription.made.wish
        assert wish.wake_stream is not None, "it is no webhook"
        stream = await self._library.find(subscription.owner, wish.wake_stream)
        said = {
            "type": "wake",
            "subscription_id": subscription.id,
            "stream": subscription.first_pending if subscription.is_pending else None,
            "generation": state.generation,
            "ts": int(time.time() * 1000),
        }
        await self._library.append(stream, Addition(data=msgspec.json.encode(said), kind="application/json"))
        return Answered(True, "", b"")

    def _message(self, subscription: Subscription, state: State, told: Sequence[Told]) -> dict[str, Any]:
        root = f"{subscription.made.address}/v1/stream/__ds/subscriptions/{quote(subscription.id, safe='')}"
        return {
            "subscription_id": subscription.id,
            "wake_id": state.wake,
            "generation": state.generation,
            "streams": [stream_object(each) for each in told],
            "callback_url": f"{root}/callback",
            "callback_token": self._tokens.make(subscription.owner, subscription.id, state.generation),
        }

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        turns, users = self._hosts.get(host, (asyncio.Semaphore(PER_HOST), 0))
        self._hosts[host] = turns, users + 1
        try:
            async with turns, self._turns:
                yield
        finally:
            users = self._hosts[host][1] - 1
            if users:
                self._hosts[host] = turns, users
            else:
                del self._hosts[host]


def stream_object(told: Told) -> dict[str, Any]:
    """A stream as those who are woken are told of it."""
    return {
        "path": told.link.stream,
        "link_type": "explicit" if told.link.is_explicit else "glob",
        "acked_offset": told.link.acked,
        "tail_offset": told.tail,
        "has_pending": told.is_pending,
    }


def says_done(answered: Answered) -> bool:
    """Whether whoever heard says that everything is done already."""
    try:
        return _reply.decode(answered.body).done
    except msgspec.DecodeError:
        return False
