"""
Responses over a WebSocket: many on one connection, each asked for in a message.

The client says `response.create`, the server says what it would say in a stream, an event a message. What has the
same `stream_id` is answered one after another, all else side by side. What cannot be understood is answered with an
error message, and the conversation goes on.
"""

import asyncio
from typing import Any

import msgspec

from headgate.calls import Fields
from headgate.dialects.openai import Bounds, check_text
from headgate.dialects.responses.asking import Asking
from headgate.dialects.responses.turns import Lane, Turns
from headgate.errors import BadRequest, HeadgateError, TooLarge, Unavailable
from headgate.formats import strict
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.socket import GOING_AWAY, Socket

MAX_TURNS = 64
"""Responses that may be asked for at once on one connection; programs that ask many things use more connections."""

MAX_STREAM_ID = 256

IDLE_LIMIT = 3600.0
"""Seconds that a connection may be of no use to anybody. Clients know that OpenAI ends them after an hour."""


class Talks:
    """The endpoint, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, asking: Asking, bounds: Bounds) -> None:
        self._engine, self._keys, self._asking, self._bounds = engine, keys, asking, bounds

    async def serve(self, socket: Socket) -> None:
        """Serve one connection."""
        owner = self._keys.owner(socket.headers)
        await socket.accept()
        talk = Talk(socket, Turns(self._engine, self._asking, socket, owner, self._bounds.bytes), self._bounds.bytes)
        try:
            await talk.hold()
        finally:
            await talk.end()


class Talk:
    """One connection."""

    def __init__(self, socket: Socket, turns: Turns, limit: int) -> None:
        self._socket, self._turns, self._limit = socket, turns, limit
        self._lanes: dict[str | None, Lane] = {}
        """Those where something is answered or waits to be."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def hold(self) -> None:
        """Take what the client says until it leaves, or has been silent for too long."""
        while True:
            try:
                message = await self._socket.receive(IDLE_LIMIT)
            except TimeoutError:
                if self._lanes:
                    continue
                await self._socket.close(GOING_AWAY, "Nothing was asked for an hour.")
                return
            if message is None:
                return
            await self._take(message)

    async def end(self) -> None:
        """Nobody listens any more: what nobody asked to keep is stopped."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _take(self, message: str | bytes) -> None:
        stream: str | None = None
        try:
            fields = _fields(message)
            stream = _stream_id(fields)
            _check_kind(fields)
            self._queue(fields, stream, len(message))
        except HeadgateError as error:
            await self._turns.refuse(error, stream)

    def _queue(self, fields: Fields, stream: str | None, size: int) -> None:
        lanes = self._lanes.values()
        if sum(lane.turns for lane in lanes) >= MAX_TURNS:
            raise Unavailable(
                f"This connection has {MAX_TURNS} responses at work or waiting.",
                code="too_many_responses",
                status=429,
                retry_after=1,
            )
        if sum(lane.waiting for lane in lanes) + size > self._limit:
            raise TooLarge("Too much waits on this connection to be answered.")
        lane = self._lanes.get(stream)
        if lane is not None:
            lane.add(fields, size)
            return
        lane = self._lanes[stream] = Lane(stream)
        lane.add(fields, size)
        task = asyncio.create_task(self._work(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, lane: Lane) -> None:
        try:
            while (fields := lane.next()) is not None:
                await self._turns.take(fields, lane.stream)
        finally:
            del self._lanes[lane.stream]


def _fields(message: str | bytes) -> Fields:
    if isinstance(message, bytes):
        raise BadRequest("Messages must be text.", code="invalid_message")
    try:
        body = message.encode()
    except UnicodeEncodeError:
        raise BadRequest("The message is not valid Unicode.", code="invalid_json") from None
    check_text(body)
    return strict.fields(body)


def _stream_id(fields: Fields) -> str | None:
    stream: Any = strict.value(fields, "stream_id")
    if stream is None:
        return None
    if not isinstance(stream, str) or not 0 < len(stream) <= MAX_STREAM_ID:
        raise BadRequest(
            f"'stream_id' must be a text of 1 to {MAX_STREAM_ID} characters.", param="stream_id", code="invalid_value"
        )
    return stream


def _check_kind(fields: Fields) -> None:
    kind: Any = strict.value(fields, "type")
    if kind != "response.create":
        said = msgspec.json.encode(kind).decode()[:100]
        raise BadRequest(f"'type' must be response.create, not {said}.", param="type", code="unknown_event")
