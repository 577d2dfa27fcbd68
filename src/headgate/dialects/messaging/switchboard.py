"""
All connections of this API: how they begin, join, leave and say something.

Whoever sends on behalf of this API does it here, so that nobody says what it may not, or too much.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from headgate.channels import ChannelId, Hub, Place, Presence
from headgate.dialects.messaging.connections import Connection, NotingForm
from headgate.dialects.messaging.forms import Sender
from headgate.dialects.messaging.visitors import NOBODY, TAB, Authority, Visitor
from headgate.dialects.messaging.wishes import Wish
from headgate.errors import Forbidden, HeadgateError, TooLarge, Unavailable
from headgate.store.base import Member

EVERYBODY = ChannelId("anonymous")
"""The channel that everybody is on from the start."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What connections may do."""

    message: int = 64 * 1024
    """Bytes of one message."""
    messages_per_second: int = 10
    connections_per_key: int | None = None


class Switchboard:
    """Over one hub."""

    def __init__(self, hub: Hub, authority: Authority, limits: Limits) -> None:
        self.hub, self.authority, self.limits = hub, authority, limits
        self._connections: dict[Connection, None] = {}
        self._users: dict[str, dict[Connection, None]] = {}
        self._counts: Counter[str] = Counter()
        """How many connections there are with each key."""

    # Coming and going.

    @property
    def connections(self) -> Collection[Connection]:
        """All of them, in the order they came."""
        return self._connections.keys()

    def connect(self, visitor: Visitor, wish: Wish, form: NotingForm, *, with_own: bool) -> Connection:
        """
        A new connection, to be given back with `disconnect`: on the channels it wants, and on those that everybody
        or its user is on from the start, if it is to be `with_own`. Raises what a client is to be told.
        """
        self._check_count(visitor)
        for channel in wish.channels:
            self.authority.check_listen(visitor, channel)
        id = secrets.token_urlsafe(16) if wish.session is None else self.authority.tokens.session(wish.session)
        tab = ChannelId(TAB + id)
        places = dict.fromkeys(self._channels(visitor, wish, with_own=with_own), wish.place)
        if wish.session is not None:
            places[tab] = wish.place
        watches = wish.channels if wish.watches else ()
        subscription = self.hub.subscribe(places, _presence(id, visitor), form, pace=wish.pace, watches=watches)
        try:
            # Joined later: what is new has missed nothing, and the others go on from one place, in their order.
            self.hub.join(subscription, tab)
        except HeadgateError:
            self.hub.leave(subscription)
            raise
        connection = Connection(self.hub, id, visitor, subscription, form)
        connection.tab, connection.follows_user = tab, with_own
        self._connections[connection] = None
        self._counts[visitor.owner] += 1
        self._enter(connection)
        self._greet(connection, watches)
        return connection

    def disconnect(self, connection: Connection) -> None:
        """A connection is over."""
        connection.end()
        self.hub.leave(connection.subscription)
        del self._connections[connection]
        self._counts[connection.place_owner] -= 1
        if not self._counts[connection.place_owner]:
            del self._counts[connection.place_owner]
        self._exit(connection)

    def _check_count(self, visitor: Visitor) -> None:
        most = self.limits.connections_per_key
        if most is not None and self._counts[visitor.owner] >= most:
            whose = "without a key" if visitor.owner == NOBODY else "with this key"
            raise Unavailable(
                f"There are {most} connections {whose} already.",
                code="too_many_connections",
                status=429,
                retry_after=5,
            )

    def _channels(self, visitor: Visitor, wish: Wish, *, with_own: bool) -> list[ChannelId]:
        """Those it asked for, and as many of its own as there is room for beside its tab's."""
        channels = list(wish.channels)
        if with_own:
            own = [EVERYBODY] if self.authority.may_listen(visitor, EVERYBODY) else []
            own += [channel for channel in self.authority.joined_by(visitor) if channel not in channels]
            room = self.hub.bounds.channels_per_connection - len(channels) - 1
            channels += [channel for channel in own if channel not in channels][: max(0, room)]
        return channels

    def _greet(self, connection: Connection, watched: Collection[ChannelId]) -> None:
        visitor = connection.visitor
        counts = [{"channel": each.name, "scope": each.scope, "count": self.hub.count(each)} for each in watched]
        connection.note(
            "connected",
            {
                "connectionId": connection.id,
                "channels": connection.names(),
                "user": None if visitor.user is None else {"id": visitor.user, "email": visitor.email},
                "expires_at": visitor.expires,
                **({"presence": counts} if counts else {}),
            },
            cursor=True,
        )

    # Becoming somebody.

    def renew(self, connection: Connection, visitor: Visitor) -> None:
        """A connection brings another token, or a key: from now on it is what that says."""
        was = connection.visitor
        if was.user is not None and visitor.user != was.user:
            raise Forbidden("This connection is another user's; open one for this user.", code="other_user")
        self._exit(connection)
        connection.visitor = visitor
        connection.subscription.who = _presence(connection.id, visitor)
        self._enter(connection)
        for channel in list(connection.subscription.channels):
            if channel != connection.tab and not self.authority.may_listen(visitor, channel):
                self.part(connection, channel)
        if connection.follows_user:
            self._join_own(connection, self.authority.joined_by(visitor))

    def _enter(self, connection: Connection) -> None:
        if connection.visitor.user is not None:
            self._users.setdefault(connection.visitor.user, {})[connection] = None
        connection.watch_expiry()

    def _exit(self, connection: Connection) -> None:
        user = connection.visitor.user
        if user is not None:
            del self._users[user][connection]
            if not self._users[user]:
                del self._users[user]

    # Joining and leaving.

    def join(
        self, connection: Connection, channel: ChannelId, place: Place, *, watches: bool = False, id: Any = None
    ) -> None:
        """Have a connection be on a channel, and tell it so."""
        if channel != connection.tab:
            self.authority.check_listen(connection.visitor, channel)
        self.hub.join(connection.subscription, channel, place, watches=watches)
        told: dict[str, Any] = {"channel": channel.name, "scope": channel.scope, "count": self.hub.count(channel)}
        connection.note("joined", told if id is None else {**told, "id": id}, cursor=True)

    def part(self, connection: Connection, channel: ChannelId, *, id: Any = None) -> None:
        """Have a connection leave a channel, and tell it so; its own it cannot leave."""
        if channel == connection.tab:
            raise Forbidden("This is the connection's own channel.", code="channel_not_allowed")
        self.hub.part(connection.subscription, channel)
        told: dict[str, Any] = {"channel": channel.name, "scope": channel.scope}
        connection.note("left", told if id is None else {**told, "id": id})

    def added(self, members: Iterable[Member]) -> None:
        """Users belong to more channels: their connections are on them at once."""
        for member in members:
            channel = ChannelId(member.channel, "authenticated")
            for connection in list(self._users.get(member.user, ())):
                if connection.follows_user:
                    self._join_own(connection, [channel])

    def removed(self, members: Iterable[Member]) -> None:
        """Users belong to some channels no longer."""
        for member in members:
            channel = ChannelId(member.channel, "authenticated")
            for connection in list(self._users.get(member.user, ())):
                if channel in connection.subscription.channels:
                    self.part(connection, channel)

    def _join_own(self, connection: Connection, channels: Sequence[ChannelId]) -> None:
        """Those that it may be on, and as many as there is room for."""
        for channel in channels:
            if channel in connection.subscription.channels:
                continue
            try:
                self.join(connection, channel, Place())
            except HeadgateError:
                return

    # Saying something.

    def send(self, visitor: Visitor, channels: Sequence[ChannelId], message: bytes) -> str:
        """Say something for a connection; returns where somebody is who has got it."""
        for channel in channels:
            self.authority.check_send(visitor, channel)
        self.check_size(message)
        note = None if visitor.user is None else Sender(visitor.user, visitor.email)
        targets = [target for channel in channels for target in self.authority.targets(visitor, channel)]
        return self.hub.publish(targets, message, note)

    def check_size(self, message: bytes) -> None:
        """Raise TooLarge for a message that is."""
        if len(message) > self.limits.message:
            raise TooLarge(
                f"A message may have {self.limits.message} bytes.", code="message_too_large", param="message"
            )


def _presence(id: str, visitor: Visitor) -> Presence:
    return Presence(id, visitor.user, visitor.email)
