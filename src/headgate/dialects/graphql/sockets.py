"""GraphQL on a WebSocket: many operations on one connection, and the only way to listen."""

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import msgspec

from headgate.dialects.graphql.access import Access
from headgate.dialects.graphql.graph import Graph, Result
from headgate.dialects.graphql.words import KNOWN, OLDER, Words
from headgate.errors import HeadgateError, Unauthorized
from headgate.formats.graphql import GraphQLRequest
from headgate.web.gate import BROKEN
from headgate.web.socket import NORMAL, Socket

log = logging.getLogger(__name__)

INIT_LIMIT = 10.0
"""Seconds until a client has to have said who it is."""

MAX_OPERATIONS = 50
"""At a time on one connection; a page has a handful."""

MAX_MESSAGE = 256 * 1024
MAX_ID = 256

INVALID, UNAUTHORIZED, FORBIDDEN, NO_PROTOCOL, TOO_LATE, TAKEN, TWICE = 4400, 4401, 4403, 4406, 4408, 4409, 4429
"""Why a connection is closed; the numbers are the protocol's."""


class Message(msgspec.Struct, frozen=True):
    """What a client says."""

    type: str
    id: str | None = None
    payload: Any = None


_decode = msgspec.json.Decoder(Message)


class Misunderstood(Exception):
    """Something after which there is nothing more to say."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Sockets:
    """The endpoint."""

    def __init__(self, graph: Graph, access: Access) -> None:
        self._graph, self._access = graph, access

    async def serve(self, socket: Socket) -> None:
        """Serve one connection."""
        words = next((KNOWN[name] for name in socket.protocols if name in KNOWN), None)
        socket.limit(MAX_MESSAGE)
        await socket.accept(None if words is None else words.name)
        if words is None:
            await socket.close(NO_PROTOCOL, "Subprotocol not acceptable")
            return
        talk = Talk(socket, words, self._graph, self._access)
        try:
            await talk.hold()
        except Misunderstood as mistake:
            await socket.close(mistake.code, mistake.reason)
        finally:
            await talk.end()


class Talk:
    """One connection."""

    def __init__(self, socket: Socket, words: Words, graph: Graph, access: Access) -> None:
        self._socket, self._words, self._graph, self._access = socket, words, graph, access
        self._owner: str | None = None
        """Whose list it is about; None until the client has said who it is."""
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()
        """Whole answers are made one after another: of those that a client does not read one waits, and not fifty."""

    async def hold(self) -> None:
        """Take what the client says until it leaves. Raises Misunderstood."""
        try:
            async with asyncio.timeout(INIT_LIMIT) as until:
                while (said := await self._socket.receive()) is not None:
                    await self._take(_read(said))
                    if self._owner is not None:
                        until.reschedule(None)
        except TimeoutError:
            raise Misunderstood(TOO_LATE, "Connection initialisation timeout") from None

    async def end(self) -> None:
        """Nobody listens any more."""
        tasks = list(self._at_work.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _take(self, message: Message) -> None:
        words = self._words
        if message.type == "connection_init":
            await self._meet(message.payload)
        elif message.type == words.start:
            await self._start(message)
        elif message.type == words.stop:
            await self._stop(message.id)
        elif message.type == "ping" and words is not OLDER:
            await self._say("pong", None, message.payload)
        elif message.type == "connection_terminate" and words is OLDER:
            await self._socket.close(NORMAL)
        elif message.type != "pong":
            raise Misunderstood(INVALID, f"Unknown message type: {message.type[:50]}")

    async def _meet(self, said: Any) -> None:
        if self._owner is not None:
            raise Misunderstood(TWICE, "Too many initialisation requests")
        if not isinstance(said, dict | None):
            raise Misunderstood(INVALID, "The payload must be an object")
        try:
            self._owner = self._access.owner_of_socket(self._socket.headers, said or {})
        except Unauthorized as error:
            if self._words is OLDER:
                await self._say("connection_error", None, _told(error))
            raise Misunderstood(FORBIDDEN, "Forbidden") from None
        await self._say("connection_ack", None)

    async def _start(self, message: Message) -> None:
        if self._owner is None:
            raise Misunderstood(UNAUTHORIZED, "Unauthorized")
        if message.id is None or not 0 < len(message.id) <= MAX_ID:
            raise Misunderstood(INVALID, f"An operation has an id of 1 to {MAX_ID} characters")
        try:
            asked = msgspec.convert(message.payload, GraphQLRequest)
        except msgspec.ValidationError as error:
            raise Misunderstood(INVALID, f"This is no operation: {error}") from None
        if message.id in self._at_work:
            if not self._words.replaces:
                raise Misunderstood(TAKEN, f"Subscriber for {message.id} already exists")
            await self._stop(message.id)
        if len(self._at_work) >= MAX_OPERATIONS:
            failure = {"message": f"A connection may have {MAX_OPERATIONS} operations at a time."}
            await self._say("error", message.id, self._words.error([failure]))
            return
        self._at_work[message.id] = asyncio.create_task(self._work(message.id, asked, self._owner))

    async def _stop(self, id: str | None) -> None:
        task = self._at_work.pop(id or "", None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _work(self, id: str, asked: GraphQLRequest, owner: str) -> None:
        try:
            errors = await self._execute(id, asked, owner)
        except HeadgateError as error:
            errors = [_told(error)]
        except Exception:
            log.exception("A GraphQL operation failed")
            errors = [_told(HeadgateError(BROKEN))]
        # Its id is free again before the client hears so.
        self._at_work.pop(id, None)
        await (self._say("error", id, self._words.error(errors)) if errors else self._say("complete", id))

    async def _execute(self, id: str, asked: GraphQLRequest, owner: str) -> list[Any]:
        """Tell all that comes of an operation; returns the errors of one that was not executed."""
        async with self._turn:
            operations, result = await self._graph.begin(asked, owner)
            if result is not None:
                return await self._tell(id, result)
        async with aclosing(operations.listen(asked, owner)) as listening:
            async for result in listening:
                if errors := await self._tell(id, result):
                    return errors
        return []

    async def _tell(self, id: str, result: Result) -> list[Any]:
        if "data" not in result:
            return list(result["errors"])
        await self._say(self._words.told, id, result)
        return []

    async def _say(self, kind: str, id: str | None, payload: Any = None) -> None:
        message = {"type": kind, "id": id, "payload": payload}
        said = {name: value for name, value in message.items() if value is not None}
        await self._socket.send(msgspec.json.encode(said).decode())


def _read(said: str | bytes) -> Message:
    if isinstance(said, bytes):
        raise Misunderstood(INVALID, "WebSocket message type must be text")
    try:
        return _decode.decode(said)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Misunderstood(INVALID, f"This is no message: {error}") from None


def _told(error: HeadgateError) -> dict[str, Any]:
    return {"message": error.message, "extensions": {"code": error.code}}
