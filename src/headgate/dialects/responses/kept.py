"""Responses that were made: looked at, followed, cancelled, forgotten."""

import msgspec

from headgate.dialects.responses.face import call_of
from headgate.dialects.responses.standing import Standing
from headgate.dialects.responses.streams import Streams
from headgate.errors import BadRequest, NotFound
from headgate.formats import openai_responses
from headgate.keys import Keys
from headgate.runs import Engine, Run
from headgate.web.http import Request, run_headers

MAX_PAGE = 100


class Kept:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, streams: Streams, standing: Standing) -> None:
        self._engine, self._keys, self._streams, self._standing = engine, keys, streams, standing

    async def show(self, request: Request) -> None:
        """One as it stands, or its events from one of them on."""
        run = await self._find(request)
        query = request.query()
        _flag(query, "include_obfuscation")  # There is nothing to obfuscate: what we send is as long as it is.
        if _flag(query, "stream"):
            await self._streams.follow(run, request, _cursor(query) + 1)
        else:
            request.answer(200, msgspec.json.encode(self._standing.object(run)))

    async def cancel(self, request: Request) -> None:
        """Stop one; one that is over stays as it is."""
        run = await self._find(request)
        await self._engine.stop(run)
        request.answer(200, msgspec.json.encode(self._standing.object(run)))

    async def delete(self, request: Request) -> None:
        """Forget one; one that is being made is stopped before."""
        run = await self._find(request)
        await self._engine.delete(run)
        said = {"id": openai_responses.response_id(run.id), "object": "response", "deleted": True}
        request.answer(200, msgspec.json.encode(said))

    async def input_items(self, request: Request) -> None:
        """What one was asked, page by page."""
        run = await self._find(request)
        query = request.query()
        limit, order, after = _limit(query), _order(query), query.get("after")
        items = openai_responses.input_items(call_of(run).fields, run.id)
        if order == "desc":
            items.reverse()
        if after is not None:
            place = next((number for number, item in enumerate(items) if item["id"] == after), None)
            if place is None:
                raise BadRequest(
                    "'after' is none of this response's input items.", param="after", code="invalid_cursor"
                )
            items = items[place + 1 :]
        page = items[:limit]
        said = {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": len(items) > limit,
        }
        request.answer(200, msgspec.json.encode(said))

    async def _find(self, request: Request) -> Run:
        owner, id = self._keys.owner(request.headers), request.path_parameters["id"]
        name = openai_responses.run_of(id)
        try:
            run = None if name is None else await self._engine.find(name, owner)
        except NotFound:
            run = None
        if run is None or run.head.format != openai_responses.NAME:
            raise NotFound(
                f"There is no response '{id[:100]}': it was never made here, not stored, deleted, or is older than "
                "responses are kept.",
                code="response_not_found",
            )
        request.add_headers(run_headers(run.id))
        return run


def _flag(query: dict[str, str], name: str) -> bool:
    text = query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise BadRequest(f"'{name}' must be true or false.", param=name, code="invalid_value")
    return text == "true"


def _cursor(query: dict[str, str]) -> int:
    """The number of the last event that the client has; -1 for none."""
    text = query.get("starting_after", "-1")
    if text == "-1":
        return -1
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequest(
            "'starting_after' must be the sequence_number of an event.", param="starting_after", code="invalid_cursor"
        )
    return int(text)


def _limit(query: dict[str, str]) -> int:
    text = query.get("limit", "20")
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MAX_PAGE:
        raise BadRequest(f"'limit' must be a number from 1 to {MAX_PAGE}.", param="limit", code="invalid_value")
    return int(text)


def _order(query: dict[str, str]) -> str:
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("'order' must be asc or desc.", param="order", code="invalid_value")
    return order
