"""The endpoints of servers: they send messages, say who belongs where, see who is there, and make tokens."""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

import msgspec

from headgate.calls import Fields
from headgate.channels import ChannelId, Presence, channel_id
from headgate.dialects import feathers
from headgate.dialects.messaging import asked, requests
from headgate.dialects.messaging.connections import names_of
from headgate.dialects.messaging.reach import EVERYTHING
from headgate.dialects.messaging.switchboard import Switchboard
from headgate.dialects.messaging.tokens import MAX_TOKEN, Claims
from headgate.dialects.messaging.visitors import INBOX, TAB
from headgate.dialects.openai import Bounds
from headgate.errors import Forbidden, TooLarge
from headgate.formats import messaging, strict
from headgate.web.http import Request
from headgate.web.routes import Handler

HERE = "local"
"""What the one data centre is called that there is."""

Work: TypeAlias = Callable[[str, bytes], Awaitable[Any]]
"""Does what a key asks for in a body, and returns what it is told."""

_send = msgspec.json.Decoder(messaging.SendRequest)
_members = msgspec.json.Decoder(messaging.MembersRequest)
_users = msgspec.json.Decoder(messaging.UsersRequest)
_all_users = msgspec.json.Decoder(messaging.AllUsersRequest)
_token = msgspec.json.Decoder(messaging.TokenRequest)


class Posting:
    """The endpoints, over one switchboard."""

    def __init__(self, switchboard: Switchboard, bounds: Bounds) -> None:
        self._switchboard, self._bounds = switchboard, bounds
        self._hub, self._authority = switchboard.hub, switchboard.authority

    def handler(self, work: Work) -> Handler:
        """The handler of an endpoint: whose key it is comes before all else that may be wrong."""

        async def handle(request: Request) -> None:
            body = await request.body(self._bounds.bytes, self._bounds.seconds) or b"{}"
            owner = feathers.owner_of(self._authority.keys, request.headers, strict.fields(body))
            told = await work(owner, body)
            request.answer(201, msgspec.json.encode(told), b"cache-control: no-store\r\n")

        return handle

    # What is said.

    async def send(self, owner: str, body: bytes) -> Fields:
        """Say something on channels; told back is what was asked, without the key."""
        said = strict.decode(_send, body)
        names = [said.channels] if isinstance(said.channels, str) and said.channels else said.channels
        channels = self._authority.named(owner, asked.read_channels(names, "anonymous"), said.scope)
        message = messaging.read_message(said.message)
        self._switchboard.check_size(message)
        self._hub.publish(channels, message)
        return {name: raw for name, raw in strict.fields(body).items() if name != "apiKey"}

    # Who belongs where.

    async def add_users(self, owner: str, body: bytes) -> dict[str, list[str]]:
        """Have users belong to channels."""
        said = strict.decode(_members, body)
        members = requests.members_of(said)
        self._authority.reach.check(owner, [member.channel for member in members])
        await self._hub.members.add(members)
        self._switchboard.added(members)
        return _ids(said.users)

    async def remove_users(self, owner: str, body: bytes) -> dict[str, list[str]]:
        """Have them belong there no longer."""
        said = strict.decode(_members, body)
        members = requests.members_of(said)
        self._authority.reach.check(owner, [member.channel for member in members])
        await self._hub.members.remove(members)
        self._switchboard.removed(members)
        return _ids(said.users)

    # Who is there.

    async def channels(self, owner: str, body: bytes) -> dict[str, list[str]]:
        """The channels that somebody is on."""
        return names_of([channel for channel in self._seen(owner) if not channel.name.startswith(TAB)])

    async def users(self, owner: str, body: bytes) -> dict[str, Any]:
        """Who is on them."""
        said = strict.decode(_users, body)
        channels = self._seen(owner)
        if said.channel is not None:
            wanted = channel_id(said.channel, param="channel").name
            self._authority.reach.check(owner, [wanted])
            channels = [channel for channel in channels if channel.name == wanted]
        # Of the same name in both kinds, members are told of.
        return {channel.name: self._people(channel) for channel in sorted(channels, key=lambda each: each.scope)}

    async def all_users(self, owner: str, body: bytes) -> dict[str, Any]:
        """How many there are, and who."""
        said = strict.decode(_all_users, body)
        known = [each.visitor for each in self._switchboard.connections if each.visitor.user is not None]
        unknown = len(self._switchboard.connections) - len(known)
        if not said.includeUsers:
            counts = {"authenticated": len(known), "anonymous": unknown}
            return {HERE: counts, "_total": counts}
        if not self._authority.reach.allows(owner, ""):
            raise Forbidden("This key is for some channels only, and may not see all users.", code="key_restricted")
        people = [{"id": each.user, "email": each.email} for each in known]
        if said.dedupeUsers:
            people = list({each["id"]: each for each in people}.values())
        counts = {"authenticated": len(people), "anonymous": unknown}
        told = {"authenticated": people, "authenticatedCount": len(people), "anonymous": unknown}
        return {HERE: told, "_total": counts}

    def _seen(self, owner: str) -> list[ChannelId]:
        """Those of this API, as far as the key reaches."""
        return [
            channel
            for channel in self._hub.active()
            if channel.scope != "topic"
            and not (channel.scope == "authenticated" and channel.name.startswith(INBOX))
            and self._authority.reach.allows(owner, channel.name)
        ]

    def _people(self, channel: ChannelId) -> Any:
        if channel.scope == "authenticated":
            return [_person(who) for who in self._hub.presence(channel)]
        if channel.name.startswith(TAB):
            return _person(self._hub.presence(channel)[0])
        return self._hub.count(channel)

    # What browsers bring in place of a key.

    async def token(self, owner: str, body: bytes) -> dict[str, Any]:
        """Make a token."""
        said = strict.decode(_token, body)
        claims = Claims(
            expires=int(time.time()) + said.expires_in,
            user=None if said.user is None else requests.check_text(said.user, "user"),
            email=None if said.email is None else requests.check_text(said.email, "email"),
            channels=EVERYTHING if said.channels is None else requests.check_patterns(said.channels),
            rights=("subscribe",) if said.rights is None else tuple(dict.fromkeys(said.rights)),
        )
        token = self._authority.tokens.make(owner, claims)
        if len(token) > MAX_TOKEN:
            raise TooLarge("So many channels do not fit into a token; name them by patterns.", param="channels")
        return {
            "token": token,
            "expires_at": claims.expires,
            "user": claims.user,
            "channels": claims.channels,
            "rights": claims.rights,
        }


def _ids(users: Iterable[messaging.UserEntry]) -> dict[str, list[str]]:
    return {"users": list(dict.fromkeys(user.id for user in users))}


def _person(who: Presence) -> dict[str, str | None]:
    return {"id": who.user, "email": who.email}
