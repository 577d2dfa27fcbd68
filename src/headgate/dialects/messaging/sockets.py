"""
GET /message/socket: many channels on one WebSocket, and everything that a page can do with them.

One task takes what the client says, another tells it what there is; what is answered goes the way of the other.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from headgate.channels import ChannelId, Place, Scope
from headgate.dialects import feathers
from headgate.dialects.messaging import asked
from headgate.dialects.messaging.connections import Connection
from headgate.dialects.messaging.forms import SocketForm
from headgate.dialects.messaging.limits import Allowance
from headgate.dialects.messaging.switchboard import Switchboard
from headgate.dialects.messaging.wishes import inbox_of, read_history, read_pace, read_wish
from headgate.errors import BadRequest, HeadgateError, Unavailable
from headgate.formats import strict
from headgate.formats.messaging import Frame, JoinOptions, RenewOptions, RollupOptions
from headgate.web.gate import BROKEN
from headgate.web.socket import FAILED, GOING_AWAY, POLICY, Socket

log = logging.getLogger(__name__)

FORM = SocketForm()

ENVELOPE = 16 * 1024
"""Bytes that a frame may have beside its message: names of channels, for the most part."""

MISTAKES = frozenset({"invalid_frame", "unknown_action"})
"""What no program does that is right."""


class Sockets:
    """The endpoint."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard

    async def serve(self, socket: Socket) -> None:
        """Serve one connection."""
        switchboard = self._switchboard
        wish = read_wish(socket.scope, socket.headers)
        visitor = switchboard.authority.visitor(socket.headers, wish.token)
        connection = switchboard.connect(visitor, wish, FORM, with_own=True)
        telling: asyncio.Task[None] | None = None
        try:
            socket.limit(switchboard.limits.message + ENVELOPE)
            await socket.accept()
            socket.forget_request()
            connection.subscription.pour_into(socket.wire)
            telling = asyncio.create_task(_tell(socket, connection))
            await Listener(switchboard, socket, connection).listen()
        finally:
            connection.end()
            if telling is not None:
                telling.cancel()
                await asyncio.wait([telling])
            switchboard.disconnect(connection)


async def _tell(socket: Socket, connection: Connection) -> None:
    """Tell what there is, until there is nothing more to come."""
    try:
        while (piece := await connection.next()) is not None:
            if piece:
                await socket.write(piece)
    except Exception:
        log.exception("What is said on channels could not be told")
        await socket.close(FAILED, BROKEN)
        return
    if connection.is_expired:
        await socket.close(POLICY, "The token has expired.")
    else:
        await socket.close(GOING_AWAY, "The server sends its clients away.")


class Listener:
    """Takes what one client says."""

    __slots__ = ("_allowed", "_connection", "_socket", "_switchboard")

    def __init__(self, switchboard: Switchboard, socket: Socket, connection: Connection) -> None:
        self._switchboard, self._socket, self._connection = switchboard, socket, connection
        self._allowed: Allowance | None = None

    @property
    def _left(self) -> Allowance:
        """What it may still do; most connections only listen, and need none."""
        if self._allowed is None:
            self._allowed = Allowance(self._switchboard.limits.messages_per_second)
        return self._allowed

    async def listen(self) -> None:
        """Take frames until the client leaves, or is sent away."""
        while (said := await self._socket.receive()) is not None:
            if not self._left.frames.take():
                await self._socket.close(POLICY, "Too many frames.")
                return
            if self._connection.is_over:
                # It is being sent away; one that reads slowly must not go on with a token that has expired.
                continue
            if not self._take(said):
                await self._socket.close(POLICY, "Too many frames that cannot be understood.")
                return

    def _take(self, said: str | bytes) -> bool:
        """Do what a frame asks for; False when there was too much that could not be understood."""
        id: Any = None
        try:
            frame = asked.read_frame(said)
            id = frame.id
            _action_of(frame)(self, frame)
        except HeadgateError as error:
            self._refuse(error, id)
            return error.code not in MISTAKES or self._left.mistakes.take()
        except Exception:
            log.exception("A frame on a WebSocket failed")
            self._refuse(HeadgateError(BROKEN), id)
        return True

    def _refuse(self, error: HeadgateError, id: Any, number: int | None = None) -> None:
        told = feathers.error_object(error)
        if number is not None:
            told["data"]["number"] = number
        self._answer("error", told, id)

    def _answer(self, kind: str, fields: dict[str, Any], id: Any, *, cursor: bool = False) -> None:
        self._connection.note(kind, fields if id is None else {**fields, "id": id}, cursor=cursor)

    # Joining and leaving.

    def join_anonymous(self, frame: Frame) -> None:
        """Be on a channel for everybody."""
        self._enter(frame, "anonymous")

    def join(self, frame: Frame) -> None:
        """Be on a channel for members."""
        self._enter(frame, "authenticated")

    def join_inbox(self, frame: Frame) -> None:
        """Hear what members say to the server."""
        self._enter(frame, "authenticated", is_inbox=True)

    def leave_anonymous(self, frame: Frame) -> None:
        """Be no longer on a channel for everybody."""
        self._exit(frame, "anonymous")

    def leave(self, frame: Frame) -> None:
        """Be no longer on a channel for members."""
        self._exit(frame, "authenticated")

    def leave_inbox(self, frame: Frame) -> None:
        """Hear no longer what members say to the server."""
        self._exit(frame, "authenticated", is_inbox=True)

    def _enter(self, frame: Frame, scope: Scope, *, is_inbox: bool = False) -> None:
        options = strict.decode(_join, frame.options)
        channel = _channel(options, scope, is_inbox=is_inbox)
        place = Place(cursor=options.cursor, history=read_history(options.history))
        self._become(options.token, options.apiKey)
        self._switchboard.join(self._connection, channel, place, watches=options.presence, id=frame.id)

    def _exit(self, frame: Frame, scope: Scope, *, is_inbox: bool = False) -> None:
        channel = _channel(strict.decode(_join, frame.options), scope, is_inbox=is_inbox)
        self._switchboard.part(self._connection, channel, id=frame.id)

    # Who it is, and how it wants to hear.

    def authenticate(self, frame: Frame) -> None:
        """Be somebody, or go on being it."""
        options = strict.decode(_renew, frame.options)
        if options.token is None and options.apiKey is None:
            raise BadRequest("Bring a 'token'.", code="missing_required_parameter", param="token")
        self._become(options.token, options.apiKey)
        visitor = self._connection.visitor
        user = None if visitor.user is None else {"id": visitor.user, "email": visitor.email}
        self._answer("authenticated", {"user": user, "expires_at": visitor.expires}, frame.id)

    def _become(self, token: str | None, key: str | None) -> None:
        authority = self._switchboard.authority
        if token is not None:
            self._switchboard.renew(self._connection, authority.by_token(token))
        elif key is not None:
            self._switchboard.renew(self._connection, authority.by_api_key(key))

    def rollup(self, frame: Frame) -> None:
        """Hear less often."""
        pace = read_pace(strict.decode(_rollup, frame.options).rollup)
        self._switchboard.hub.change_pace(self._connection.subscription, pace)
        self._answer("rollup", {"every": pace.rollup, "latest": pace.latest}, frame.id)

    def ping(self, frame: Frame) -> None:
        """Say that the server is there, and where the client is."""
        self._answer("pong", {}, frame.id, cursor=True)

    # Sending.

    def send(self, frame: Frame) -> None:
        """Say something on channels for members."""
        self._send(frame, "authenticated")

    def send_anonymous(self, frame: Frame) -> None:
        """Say something on channels for everybody."""
        self._send(frame, "anonymous")

    def _send(self, frame: Frame, scope: Scope) -> None:
        try:
            options = strict.fields(bytes(frame.options))
            channels = asked.read_channels(strict.value(options, "channels"), scope)
            message = asked.message_of(options)
            if not self._left.messages.take(len(channels)):
                raise Unavailable(
                    f"A connection may send {self._switchboard.limits.messages_per_second} messages a second.",
                    code="too_many_messages",
                    status=429,
                    retry_after=self._left.messages.wait,
                )
            cursor = self._switchboard.send(self._connection.visitor, channels, message)
        except HeadgateError as error:
            self._refuse(error, frame.id, asked.NUMBERS.get(error.code, asked.MESSAGE_ERROR))
            return
        self._answer("sent", {"channels": [channel.name for channel in channels], "cursor": cursor}, frame.id)


ACTIONS: dict[str, Callable[[Listener, Frame], None]] = {
    "channelJoinAnon": Listener.join_anonymous,
    "channelJoinAnonymous": Listener.join_anonymous,
    "channelLeaveAnon": Listener.leave_anonymous,
    "channelLeaveAnonymous": Listener.leave_anonymous,
    "channelJoin": Listener.join,
    "channelLeave": Listener.leave,
    "channelJoinInbox": Listener.join_inbox,
    "channelLeaveInbox": Listener.leave_inbox,
    "messageSend": Listener.send,
    "messageSendAnonChannel": Listener.send_anonymous,
    "authenticate": Listener.authenticate,
    "rollup": Listener.rollup,
    "ping": Listener.ping,
}
"""What clients may ask for. The first names are BetterForms' own."""

_join = msgspec.json.Decoder(JoinOptions)
_renew = msgspec.json.Decoder(RenewOptions)
_rollup = msgspec.json.Decoder(RollupOptions)


def _action_of(frame: Frame) -> Callable[[Listener, Frame], None]:
    found = ACTIONS.get(frame.action)
    if found is None:
        known = ", ".join(ACTIONS)
        raise BadRequest(f"The action is none of {known}.", code="unknown_action", param="action")
    return found


def _channel(options: JoinOptions, scope: Scope, *, is_inbox: bool) -> ChannelId:
    channel = asked.read_channel(options.channel, scope)
    return inbox_of(channel) if is_inbox else channel
