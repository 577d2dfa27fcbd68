"""A desk of subscriptions at work, without a server, and those whom it calls."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from headgate.store.base import Store
from headgate.streams import Addition, Library, Stream, Wish
from headgate.streams.waking import Desk, Limits, Signer
from headgate.streams.waking import Wish as Subscribe
from headgate.streams.waking.calling import Answered
from headgate.streams.waking.tokens import Tokens
from tests.streams.house import working

SECRET = b"s" * 32
OWNERS = ("alice", "bob")

HEARD = Answered(True, "", b"{}")
DONE = Answered(True, "", b'{"done":true}')
BROKEN = Answered(False, "answered 500", b"")


class Hooks:
    """Everybody whom a desk calls: answers each call with the next of what it was given, the last for all others."""

    def __init__(self, *answers: Answered) -> None:
        self._answers = answers or (HEARD,)
        self.calls: list[Any] = []
        self.signatures: list[str] = []

    async def __call__(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answered:
        answer = self._answers[min(len(self.calls), len(self._answers) - 1)]
        self.calls.append(json.loads(body))
        self.signatures.append(dict(headers)["webhook-signature"])
        await asyncio.sleep(0)
        return answer


class Office:
    """A desk, its library, and whom it calls."""

    def __init__(self, library: Library, desk: Desk, hooks: Hooks) -> None:
        self.library, self.desk, self.hooks = library, desk, hooks

    async def say(self, name: str, *messages: object, owner: str = "alice") -> Stream:
        """Something on a stream of JSON, which is made where there is none."""
        stream, _ = await self.library.create(owner, name, Wish(kind="application/json"))
        if messages:
            await self.library.append(stream, Addition(data=json.dumps(messages).encode(), kind="application/json"))
        return stream

    async def subscribe(self, wish: Subscribe, id: str = "s", owner: str = "alice") -> None:
        """A new subscription."""
        _, is_new = await self.desk.make(owner, id, wish, "https://gate.example")
        assert is_new

    async def acked(self, id: str = "s", owner: str = "alice") -> dict[str, str]:
        """How far a subscription is."""
        return {link.stream: link.acked for link in self.desk.find(owner, id).links.values()}


@asynccontextmanager
async def office(
    hooks: Hooks | None = None,
    store: Store | None = None,
    limits: Limits | None = None,
    now: Callable[[], float] | None = None,
) -> AsyncIterator[Office]:
    """One, for a while."""
    async with working(store) as library:
        hooks = hooks or Hooks()
        times = {} if now is None else {"now": now}
        tokens = Tokens(lambda: SECRET, OWNERS)
        desk = Desk(library, Signer(lambda: SECRET), tokens, hooks, limits, chance=lambda: 0.5, **times)
        await desk.open()
        yield Office(library, desk, hooks)
        await desk.close()


def webhook(pattern: str | None = "events/*", *streams: str, lease: float = 600.0) -> Subscribe:
    """To be called."""
    return Subscribe("webhook", lease, pattern, tuple(streams), "https://worker.example/hook")


def pull(pattern: str | None = "events/*", *streams: str, lease: float = 600.0, wakes: str = "wakes") -> Subscribe:
    """To be told on a stream."""
    return Subscribe("pull-wake", lease, pattern, tuple(streams), None, wakes)
