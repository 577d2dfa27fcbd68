"""The list of models as Anthropic tells it: in pages, before one model or after another."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from headgate.errors import BadRequest, NotFound
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.http import Request

MAX_PAGE, USUAL_PAGE = 1000, 20

_LIMIT = re.compile(r"[0-9]{1,4}", re.ASCII)


class Models:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, now: float) -> None:
        self._engine, self._keys = engine, keys
        self._since = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def models(self, request: Request) -> None:
        """A page of every model there is a name for."""
        self._keys.owner(request.headers)
        query = request.query()
        names = [name for name, _ in await self._engine.catalogue.answering()]
        request.answer(200, msgspec.json.encode(page(names, query, self._model)))

    async def model(self, request: Request) -> None:
        """One of them; its name may hold slashes."""
        self._keys.owner(request.headers)
        wanted = request.path_parameters["id"]
        if not any(name == wanted for name, _ in await self._engine.catalogue.answering()):
            raise NotFound(f"The model '{wanted[:100]}' does not exist.", code="model_not_found", param="model")
        request.answer(200, msgspec.json.encode(self._model(wanted)))

    async def welcome(self, request: Request) -> None:
        """Say that there is something here: some clients look before they ask."""
        request.answer(
            200, msgspec.json.encode({"messages": "/anthropic/v1/messages", "models": "/anthropic/v1/models"})
        )

    def _model(self, name: str) -> dict[str, Any]:
        return {
            "type": "model",
            "id": name,
            "display_name": name,
            "created_at": self._since,
            "lifecycle": "active",
            "capabilities": None,
            "line": None,
            "max_input_tokens": None,
            "max_tokens": None,
            "deprecated_at": None,
            "retires_at": None,
        }


def page(names: Sequence[str], query: Mapping[str, str], model: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The page that the query asks for; raises BadRequest naming the parameter that is wrong."""
    limit, after, before = _limit(query.get("limit")), query.get("after_id"), query.get("before_id")
    if after is not None and before is not None:
        raise BadRequest("'after_id' and 'before_id' cannot be used together.", param="before_id")
    if before is not None:
        end = _place(names, before, "before_id")
        start = max(0, end - limit)
        has_more = start > 0
    else:
        start = 0 if after is None else _place(names, after, "after_id") + 1
        end = min(len(names), start + limit)
        has_more = end < len(names)
    listed = names[start:end]
    return {
        "data": [model(name) for name in listed],
        "has_more": has_more,
        "first_id": listed[0] if listed else None,
        "last_id": listed[-1] if listed else None,
    }


def _limit(text: str | None) -> int:
    if text is None:
        return USUAL_PAGE
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= MAX_PAGE:
        raise BadRequest(f"'limit' must be a number from 1 to {MAX_PAGE}.", param="limit")
    return int(text)


def _place(names: Sequence[str], name: str, param: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise BadRequest(f"'{param}' is no model of this list: '{name[:100]}'.", param=param) from None
