"""GET /v1/functions: what the server executes for models, for those who want to name some of it."""

from typing import Any

import msgspec

from headgate.dialects.docs import functions as docs
from headgate.formats import openai
from headgate.keys import Keys
from headgate.tools import Function, Toolbox
from headgate.web.http import Request
from headgate.web.routes import Route


class Functions:
    """The endpoint."""

    def __init__(self, toolbox: Toolbox, keys: Keys) -> None:
        self._toolbox, self._keys = toolbox, keys

    async def list(self, request: Request) -> None:
        """All that the key may use."""
        data = [_object(function) for function in self._toolbox.functions(self._keys.owner(request.headers))]
        request.answer(200, msgspec.json.encode({"object": "list", "data": data}))


def _object(function: Function) -> dict[str, Any]:
    return {
        "object": "function",
        "name": function.name,
        "description": function.description,
        "parameters": function.schema,
        "source": function.source,
    }


def routes(toolbox: Toolbox, keys: Keys) -> list[Route]:
    """The routes of this dialect."""
    handler = Functions(toolbox, keys).list
    return [Route(method="GET", path="/v1/functions", handler=handler, error=openai.error_body, doc=docs.LIST)]
