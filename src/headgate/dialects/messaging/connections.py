"""
One connection, whatever it is made of: where it is on its channels, and what is said to it alone.

Everything goes out by one way, in the order it was said: so a client reads that it has joined a channel before
it reads what is said there.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Protocol

from headgate.channels import ChannelId, Form, Hub, Subscription
from headgate.dialects.messaging.visitors import Visitor

MAX_NOTES = 1000
"""What waits for one connection beside messages; who asks for so much, and reads none of it, is sent away."""


class NotingForm(Form, Protocol):
    """A form in which something can be said to one connection."""

    def note(self, kind: str, fields: dict[str, Any], cursor: str | None = None) -> bytes: ...


class Connection:
    """One client's; made by the switchboard, and to be given back to it."""

    __slots__ = (
        "_expiry",
        "_form",
        "_hub",
        "_notes",
        "follows_user",
        "id",
        "is_expired",
        "place_owner",
        "subscription",
        "tab",
        "visitor",
    )

    def __init__(self, hub: Hub, id: str, visitor: Visitor, subscription: Subscription, form: NotingForm) -> None:
        self._hub, self._form = hub, form
        self.id, self.visitor, self.subscription = id, visitor, subscription
        self.place_owner = visitor.owner
        """Whose count it is in."""
        self.tab = ChannelId("", "anonymous")
        """The channel it has for itself."""
        self.follows_user = False
        """Whether it is on all channels that its user belongs to, also on those to come."""
        self.is_expired = False
        self._notes: list[bytes] = []
        self._expiry: asyncio.TimerHandle | None = None

    # What is said to it alone.

    def note(self, kind: str, fields: dict[str, Any], *, cursor: bool = False) -> None:
        """Say something to this client, before whatever else is still to be said."""
        if len(self._notes) >= MAX_NOTES:
            self.subscription.close()
            return
        self._notes.append(self._form.note(kind, fields, self.subscription.cursor if cursor else None))
        self.subscription.end_wait(False)

    @property
    def is_over(self) -> bool:
        """Whether it has been sent away, or its client has gone."""
        return self.is_expired or self.subscription.is_gone

    async def next(self) -> bytes | None:
        """What it is to be told now; b"" for nothing for a while, None when it is over."""
        subscription = self.subscription
        if not self._notes and not self.is_over and await subscription.news():
            return self._taken() + subscription.take()
        if self._notes:
            return self._taken()
        if not self.is_over:
            return b""
        # When the server ends, what was said before is still told.
        last = subscription.take() if subscription.has_news and not self.is_expired else b""
        return last or None

    def end(self) -> None:
        """Nobody is there any more."""
        self.subscription.close()
        if self._expiry is not None:
            self._expiry.cancel()

    def _taken(self) -> bytes:
        notes, self._notes = self._notes, []
        return b"".join(notes)

    # How long it may be there.

    def watch_expiry(self) -> None:
        """Have it end with its visitor's token, or not any more."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if self.visitor.expires is not None:
            left = max(0.0, self.visitor.expires - time.time())
            self._expiry = asyncio.get_running_loop().call_later(left, self._expire)

    def _expire(self) -> None:
        self.note("expired", {"message": "The token has expired."}, cursor=True)
        self.is_expired = True

    # Where it is.

    def names(self) -> dict[str, list[str]]:
        """The channels it is on, by their kinds."""
        return names_of(list(self.subscription.channels))


def names_of(channels: Sequence[ChannelId]) -> dict[str, list[str]]:
    """Channels as clients are told of them."""
    return {
        "authenticated": [channel.name for channel in channels if channel.scope == "authenticated"],
        "anonymous": [channel.name for channel in channels if channel.scope == "anonymous"],
    }
