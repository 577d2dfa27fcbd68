"""How connections are told things: as frames of a WebSocket, and as server-sent events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.channels import Change, ChannelId, Gap, Message
from headgate.web.socket import text_frame


class Sender(msgspec.Struct, frozen=True):
    """The note of a message that a user sent: whose it is, as the server knows it."""

    id: str
    email: str | None = None


class SocketForm:
    """A JSON object in every frame."""

    name = "messaging.socket"

    def message(self, channel: ChannelId, cursor: str, message: Message) -> bytes:
        return text_frame(b'{%b,"cursor":"%b","message":%b}' % (_head(channel, message), cursor.encode(), message.data))

    def gap(self, channel: ChannelId, cursor: str, gap: Gap) -> bytes:
        return note_frame("gap", {**_told(channel), "cursor": cursor, **_gap(gap)})

    def presence(self, channel: ChannelId, changes: Sequence[Change], count: int) -> bytes:
        return note_frame("presence", {**_told(channel), **_presence(channel, changes, count)})

    def note(self, kind: str, fields: dict[str, Any], cursor: str | None = None) -> bytes:
        """Something that is said to one connection."""
        return note_frame(kind, fields if cursor is None else {**fields, "cursor": cursor})


class EventForm:
    """An event for every message; what is no message has a name."""

    name = "messaging.events"

    def message(self, channel: ChannelId, cursor: str, message: Message) -> bytes:
        return b'id: %b\ndata: {%b,"message":%b}\n\n' % (cursor.encode(), _head(channel, message), message.data)

    def gap(self, channel: ChannelId, cursor: str, gap: Gap) -> bytes:
        return self.note("gap", {**_told(channel), **_gap(gap)}, cursor)

    def presence(self, channel: ChannelId, changes: Sequence[Change], count: int) -> bytes:
        return self.note("presence", {**_told(channel), **_presence(channel, changes, count)})

    def note(self, kind: str, fields: dict[str, Any], cursor: str | None = None) -> bytes:
        """Something that is said to one connection."""
        id = b"" if cursor is None else b"id: %b\n" % cursor.encode()
        return b"event: %b\n%bdata: %b\n\n" % (kind.encode(), id, msgspec.json.encode(fields))


def note_frame(kind: str, fields: dict[str, Any]) -> bytes:
    """A frame that is no message: it says what it is."""
    return text_frame(msgspec.json.encode({"type": kind, **fields}))


def _head(channel: ChannelId, message: Message) -> bytes:
    name = msgspec.json.encode(channel.name)
    scope = b',"scope":"authenticated"' if channel.scope == "authenticated" else b""
    note = message.note
    sender = b',"from":%b' % msgspec.json.encode(note) if isinstance(note, Sender) else b""
    return b'"channel":%b%b%b' % (name, scope, sender)


def _told(channel: ChannelId) -> dict[str, Any]:
    return {"channel": channel.name, "scope": channel.scope}


def _gap(gap: Gap) -> dict[str, Any]:
    return {"kept": gap.kept, "since": gap.since}


def _presence(channel: ChannelId, changes: Sequence[Change], count: int) -> dict[str, Any]:
    """Of anonymous channels nothing is told but how many are there."""
    if channel.scope == "anonymous":
        return {"count": count}
    came = [_who(change) for change in changes if change.is_here]
    went = [_who(change) for change in changes if not change.is_here]
    return {"count": count, "joined": came, "left": went}


def _who(change: Change) -> dict[str, Any]:
    return {"id": change.who.user, "email": change.who.email}
