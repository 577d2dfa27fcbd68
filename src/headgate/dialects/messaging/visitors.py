"""
Who comes, and what it may do on which channels.

Somebody with a key may listen and send wherever the key reaches. Somebody with a token may do what the token says;
on authenticated channels only where its user belongs. Somebody with neither may do what the configuration lets
it on anonymous channels: nothing, unless there are no keys at all.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from headgate.channels import ChannelId, Members
from headgate.dialects import feathers
from headgate.dialects.messaging.reach import EVERYTHING, Reach, fits
from headgate.dialects.messaging.tokens import Claims, Tokens
from headgate.errors import Forbidden, Unauthorized
from headgate.formats.messaging import Right
from headgate.keys import Keys, key_in

Anonymous: TypeAlias = Literal["off", "listen", "send"]

TAB = "tab|"
"""How the channel is called that one connection has for itself: anybody may send there, nobody else listen."""

INBOX = "inbox|"
"""What members say to the server, in modes `listen` and `receive`: a channel beside the one it was said on."""

_ANONYMOUS: dict[Anonymous, tuple[Right, ...]] = {
    "off": (),
    "listen": ("subscribe",),
    "send": ("subscribe", "publish"),
}

NOBODY = ""
"""The owner of connections that came with neither key nor token to a server that has keys."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who opened a connection."""

    owner: str
    """The key it came with, or that its token was made with."""
    rights: Sequence[Right]
    channels: Sequence[str] = EVERYTHING
    """The patterns of its token."""
    user: str | None = None
    email: str | None = None
    expires: int | None = None
    has_key: bool = False


class Authority:
    """Knows who may do what."""

    def __init__(self, keys: Keys, reach: Reach, tokens: Tokens, members: Members, anonymous: Anonymous) -> None:
        self.keys, self.reach, self.tokens = keys, reach, tokens
        self._members, self._anonymous = members, anonymous

    # Coming in.

    def visitor(self, headers: Mapping[bytes, bytes], token: str | None) -> Visitor:
        """Who asks; raises Unauthorized."""
        if token is not None:
            return self.by_token(token)
        rights = _ANONYMOUS[self._anonymous]
        if rights and not key_in(headers) and not self.keys.is_open:
            return Visitor(owner=NOBODY, rights=rights)
        return self._by_key(headers)

    def by_token(self, token: str) -> Visitor:
        """Who brings a token."""
        owner, claims = self.tokens.read(token, time.time())
        return self._claimed(owner, claims)

    def by_api_key(self, key: str) -> Visitor:
        """Who says a key in a frame."""
        return self._by_key(feathers.with_key({}, key))

    def _by_key(self, headers: Mapping[bytes, bytes]) -> Visitor:
        return Visitor(owner=self.keys.owner(headers), rights=("subscribe", "publish"), has_key=True)

    @staticmethod
    def _claimed(owner: str, claims: Claims) -> Visitor:
        return Visitor(
            owner=owner,
            rights=claims.rights,
            channels=claims.channels,
            user=claims.user,
            email=claims.email,
            expires=claims.expires,
        )

    # Being there.

    def check_listen(self, visitor: Visitor, channel: ChannelId) -> None:
        """Raise Forbidden unless somebody may be on a channel."""
        if "subscribe" not in visitor.rights:
            raise Forbidden("This token is not for listening.", code="right_missing")
        if channel.scope == "anonymous":
            if channel.name.startswith(TAB):
                raise Forbidden("This channel belongs to another connection.", code="channel_not_allowed")
            self._check_reach(visitor, channel.name)
        elif channel.name.startswith(INBOX):
            if not visitor.has_key:
                raise Forbidden("Only somebody with a key may listen to what is said to it.", code="key_needed")
            self._check_reach(visitor, channel.name.removeprefix(INBOX))
        else:
            self._check_reach(visitor, channel.name)
            self._check_member(visitor, channel.name)

    def may_listen(self, visitor: Visitor, channel: ChannelId) -> bool:
        """The same as an answer."""
        try:
            self.check_listen(visitor, channel)
        except (Forbidden, Unauthorized):
            return False
        return True

    def check_send(self, visitor: Visitor, channel: ChannelId) -> None:
        """Raise Forbidden unless somebody may say something on a channel."""
        if "publish" not in visitor.rights:
            raise Forbidden("You may listen here, but not send.", code="right_missing")
        self._check_reach(visitor, channel.name)
        if channel.scope == "authenticated" and not visitor.has_key:
            self._check_member(visitor, channel.name)

    def targets(self, visitor: Visitor, channel: ChannelId) -> list[ChannelId]:
        """Where it goes what somebody says on a channel: to those who are on it, to the server, or to both."""
        if channel.scope == "anonymous" or visitor.user is None:
            return [channel]
        mode = self._members.channels(visitor.user).get(channel.name)
        inbox = ChannelId(INBOX + channel.name, "authenticated")
        return {"listen": [channel, inbox], "receive": [inbox]}.get(mode or "", [channel])

    def joined_by(self, visitor: Visitor) -> list[ChannelId]:
        """The authenticated channels that somebody is on from the start."""
        if visitor.user is None:
            return []
        own = [ChannelId(name, "authenticated") for name in self._members.channels(visitor.user)]
        return [channel for channel in own if self.may_listen(visitor, channel)]

    # What a server says over HTTP.

    def named(self, owner: str, names: Sequence[ChannelId], scope: str | None) -> list[ChannelId]:
        """
        The channels that a key means by names, where it does not say of which kind: one that has members is meant by
        its name, and else the one for everybody. Raises Forbidden for those it may not use.
        """
        self.reach.check(owner, [channel.name for channel in names])
        if scope is None:
            return [self._named(channel) for channel in names]
        return [
            channel._replace(scope="authenticated" if scope == "authenticated" else "anonymous") for channel in names
        ]

    def _named(self, channel: ChannelId) -> ChannelId:
        return channel._replace(scope="authenticated" if self._members.has(channel.name) else "anonymous")

    def _check_reach(self, visitor: Visitor, name: str) -> None:
        if not fits(visitor.channels, name):
            raise Forbidden(f"This token is not for the channel '{name}'.", code="channel_not_allowed")
        self.reach.check(visitor.owner, [name])

    def _check_member(self, visitor: Visitor, name: str) -> None:
        if visitor.user is None:
            raise Unauthorized(
                f"The channel '{name}' is for members: bring a token that says which user you are.", code="user_needed"
            )
        if not self._members.belongs(visitor.user, name):
            raise Forbidden(f"You do not belong to the channel '{name}'.", code="not_a_member")
