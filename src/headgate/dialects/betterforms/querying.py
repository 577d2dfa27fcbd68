"""`POST /llm/query` and `/llm/query/stop`: the same with a name to stop it by, and an envelope of its own."""

from typing import Any

import msgspec

from headgate.dialects.betterforms.asking import CREATED, Asking
from headgate.errors import HeadgateError, NotFound
from headgate.events import Stopped
from headgate.fold import fold
from headgate.formats import attempts, betterforms, openai_chat
from headgate.formats.betterforms import Asked
from headgate.runs import Run
from headgate.web.http import Request

PROMISE = b'{"success":true,"data":{"message":"Streaming setup complete"}}'


class QueryError(HeadgateError):
    """What went wrong, and the action that would have been told of it."""

    def __init__(self, error: HeadgateError, action: str) -> None:
        super().__init__(
            error.message,
            code=error.code,
            param=error.param,
            status=error.status,
            kind=error.kind,
            retry_after=error.retry_after,
            attempts=error.attempts,
        )
        self.action = action


class Querying:
    """The endpoints, over those that begin answers."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def query(self, request: Request) -> None:
        """Stream to channels, or answer whole."""
        asked: Asked | None = None
        try:
            owner, body = await self._asking.read(request)
            asked = betterforms.read(body)
            begun = await self._asking.begin(request, owner, body, asked, is_rich=True)
            if begun is None:
                return
            if asked.stream:
                await self._asking.promise(request, begun.run, PROMISE)
            elif await self._asking.wait(request, begun.run):
                call, run = begun.call, begun.run
                whole = openai_chat.whole_object(call, run.id, int(run.head.created), fold(run.events))
                request.answer(CREATED, msgspec.json.encode(_answer(asked.action, whole)))
        except HeadgateError as error:
            if asked is None or not asked.action:
                raise
            raise QueryError(error, asked.action) from None

    async def stop(self, request: Request) -> None:
        """Stop one by its name."""
        owner, body = await self._asking.read(request)
        named = betterforms.stopped(body)
        status = "not_found"
        if (run := await self._find(named, owner)) is not None:
            if not run.has_ended:
                await self._asking.engine.stop(run)
                status = "stopped"
            elif isinstance(run.last, Stopped):
                status = "stopped"
        request.answer(CREATED, msgspec.json.encode({"status": status, "streamId": named}))

    async def _find(self, named: str, owner: str) -> Run | None:
        try:
            return await self._asking.engine.find(named, owner)
        except NotFound:
            return None


def _answer(action: str, whole: dict[str, Any]) -> dict[str, Any]:
    data = {"choices": whole["choices"], "usage": whole.get("usage")}
    return {"success": True, **({"actionName": action} if action else {}), "data": data}


def error_body(error: HeadgateError) -> bytes:
    """The whole error answer."""
    named = {"actionName": error.action} if isinstance(error, QueryError) else {}
    said = {"message": error.message, "code": error.status, "details": error.code, **attempts.field(error)}
    return msgspec.json.encode({"success": False, **named, "error": said})
