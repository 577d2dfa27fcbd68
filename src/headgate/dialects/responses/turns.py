"""One turn of a conversation on a socket: a response is asked for, made, and told."""

import logging
import time
from collections import OrderedDict, deque
from typing import Any

import msgspec

from headgate.calls import Call, Fields
from headgate.dialects import drop_in
from headgate.dialects.responses.asking import Asking
from headgate.dialects.responses.face import is_mute, writer_of
from headgate.errors import HeadgateError
from headgate.events import Failed, Finished, Started
from headgate.formats import openai, openai_responses, strict
from headgate.runs import Engine, Run
from headgate.runs.ids import new_run_id
from headgate.store.base import Head
from headgate.web.answers import EVENTS_PER_WRITE
from headgate.web.http import Scope
from headgate.web.socket import Socket

log = logging.getLogger(__name__)

MAX_REMEMBERED = 16
"""Responses of one connection that can be gone on from although they are not stored."""

_NOT_FIELDS = frozenset({"type", "stream_id", "stream", "background"})
"""Of a message: what is no field of a request, or goes without saying here."""


class Lane:
    """What has the same `stream_id`: one after another."""

    def __init__(self, stream: str | None) -> None:
        self.stream = stream
        self.turns = 0
        """How many are at work or waiting."""
        self.waiting = 0
        """How many bytes of messages wait."""
        self._queue: deque[tuple[Fields, int]] = deque()

    def add(self, fields: Fields, size: int) -> None:
        """One more."""
        self.turns += 1
        self.waiting += size
        self._queue.append((fields, size))

    def next(self) -> Fields | None:
        """The one before is over; whose turn is it?"""
        if len(self._queue) < self.turns:
            self.turns -= 1
        if not self._queue:
            return None
        fields, size = self._queue.popleft()
        self.waiting -= size
        return fields


class Turn:
    """Who asks; a connection's headers speak for all of its turns, but a key that stands for one request does not."""

    def __init__(self, socket: Socket) -> None:
        self.headers = {name: value for name, value in socket.headers.items() if name != b"idempotency-key"}
        self.scope: Scope = socket.scope
        self.run: Run | None = None
        self.is_maker = False
        self._socket = socket

    @property
    def is_left(self) -> bool:
        """Whether the client has gone away."""
        return self._socket.is_left


class Turns:
    """Those of one connection."""

    def __init__(self, engine: Engine, asking: Asking, socket: Socket, owner: str, limit: int) -> None:
        self._engine, self._asking, self._socket, self._owner = engine, asking, socket, owner
        self._limit = limit
        """How many bytes the requests may have together of what is not stored."""
        self._turn = Turn(socket)
        self._unstored: OrderedDict[str, Run] = OrderedDict()

    async def take(self, fields: Fields, stream: str | None) -> None:
        """Make the response that a message asks for, and tell of it."""
        came_at, run, failure = time.perf_counter(), None, None
        try:
            call = drop_in.meant(self._engine.catalogue, self._socket.scope, _read(fields))
            call = await self._asking.complete(call, self._owner, self._find)
            run = await self._begin(call)
            if run is not None:
                await self._tell(run, stream)
        except HeadgateError as error:
            failure = error
            await self.refuse(error, stream)
        except Exception:
            log.exception("A response on a WebSocket failed")
            failure = HeadgateError("The gateway failed; its log says why.")
            await self.refuse(failure, stream)
        finally:
            self._socket.on_turn(run, failure, came_at)

    async def refuse(self, error: HeadgateError, stream: str | None) -> None:
        """Say what is wrong with a message."""
        said: dict[str, Any] = {"type": "error", "status": error.status, "error": openai.error_object(error)}
        if error.retry_after is not None:
            said["error"]["headers"] = {"retry-after": f"{error.retry_after:g}"}
        if stream is not None:
            said["stream_id"] = stream
        await self._socket.send(msgspec.json.encode(said).decode())

    async def _begin(self, call: Call) -> Run | None:
        if is_mute(call):
            run: Run | None = await self._prepared(call)
        else:
            run = await self._asking.begin(self._turn, call, self._owner, b"")
        if run is not None and not run.durable:
            self._remember(run)
        return run

    async def _prepared(self, call: Call) -> Run:
        """A response that is nothing but a place to go on from; no provider is asked for it."""
        target, now = await self._engine.catalogue.find(call.model), time.time()
        request = msgspec.json.encode(call.fields)
        run = Run(Head(new_run_id(), self._owner, now, call.format, call.model, request), durable=False)
        run.add([Started(target.provider.name, target.model, "", int(now), call.format), Finished("stop")])
        run.show(len(run.events))
        return run

    def _remember(self, run: Run) -> None:
        size = len(run.head.request) + sum(len(other.head.request) for other in self._unstored.values())
        self._unstored[run.id] = run
        while len(self._unstored) > MAX_REMEMBERED or (size > self._limit and len(self._unstored) > 1):
            _, oldest = self._unstored.popitem(last=False)
            size -= len(oldest.head.request)

    async def _find(self, run: str) -> Run:
        known = self._unstored.get(run)
        return await self._engine.find(run, self._owner) if known is None else known

    async def _tell(self, run: Run, stream: str | None) -> None:
        """What a stream would say, in messages."""
        write, cursor = writer_of(run).write, 0
        follower = self._engine.follow(run)
        try:
            while not self._socket.is_left:
                upto = min(run.shown, cursor + EVENTS_PER_WRITE)
                if upto == cursor:
                    await follower.news(cursor)
                    continue
                for event in run.events[cursor:upto]:
                    await self._say(write(event), run, stream)
                cursor = upto
                if run.is_over and cursor == run.shown:
                    return
        finally:
            self._engine.leave(follower)

    async def _say(self, frames: bytes, run: Run, stream: str | None) -> None:
        for frame in frames.split(b"\n\n")[:-1]:
            name, _, data = frame.partition(b"\ndata: ")
            more: dict[str, Any] = {} if stream is None else {"stream_id": stream}
            if name == b"event: error" and isinstance(run.last, Failed):
                more["status"] = run.last.status
            if more:
                data = data[:-1] + b"," + msgspec.json.encode(more)[1:]
            await self._socket.send(data.decode())


def _read(fields: Fields) -> Call:
    if strict.value(fields, "background") is True:
        raise strict.unsupported("background", "is not known on a WebSocket; let 'Headgate-Disconnect: keep' do it.")
    said = {name: raw for name, raw in fields.items() if name not in _NOT_FIELDS}
    return openai_responses.read(msgspec.json.encode({**said, "stream": True}))
