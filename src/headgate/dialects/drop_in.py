"""
OpenAI's paths once more, under `/openai/v1` and `/openai`.

Gateways have them there for clients that know a base URL for each company. They are the same routes; only a bare
model name means the provider `openai` there. Two of the paths without a version are another API's, which says
more than OpenAI's own (`purai`).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from headgate.calls import Call
from headgate.formats.embedding import EmbedCall
from headgate.runs import Catalogue
from headgate.runs.rules import FALLBACKS
from headgate.web.http import Request, Scope
from headgate.web.routes import Route
from headgate.web.socket import Socket, SocketRoute

HOME = "openai"
"""The provider that bare model names mean there, where it is configured."""

PREFIXES = ("/openai/v1", "/openai")

_VERSION = "/v1"
_HOME = "headgate.home"
"""Where a request's scope says that it came by one of these paths."""

AnyRoute: TypeAlias = Route | SocketRoute
Asker = TypeVar("Asker", Request, Socket)
Asked = TypeVar("Asked", Call, EmbedCall)


def twins(routes: Sequence[AnyRoute], taken: Iterable[AnyRoute] = ()) -> list[AnyRoute]:
    """Routes under /v1 once more under each of the prefixes, but for paths that are taken."""
    kept = {_key(route) for route in taken}
    found = (_twin(route, prefix) for prefix in PREFIXES for route in routes)
    return [twin for twin in found if _key(twin) not in kept]


def named(catalogue: Catalogue, scope: Scope, model: str) -> str:
    """The model that a name means at the path by which the request came."""
    return catalogue.at_home(model, HOME) if _HOME in scope else model


def meant(catalogue: Catalogue, scope: Scope, call: Asked) -> Asked:
    """The call with the models that its names mean there."""
    if _HOME not in scope:
        return call
    model, *others = [named(catalogue, scope, name) for name in (call.model, *call.fallbacks)]
    # The fields too: they are what is kept of the request, and may have to be read again.
    fields = {**call.fields, "model": _raw(model)} | ({FALLBACKS: _raw(others)} if others else {})
    return msgspec.structs.replace(call, model=model, fallbacks=tuple(others), fields=fields)


def _twin(route: AnyRoute, prefix: str) -> AnyRoute:
    assert route.path.startswith(_VERSION), route.path
    path = prefix + route.path.removeprefix(_VERSION)
    if isinstance(route, SocketRoute):
        return msgspec.structs.replace(route, path=path, handler=_at_home(route.handler))
    return msgspec.structs.replace(route, path=path, handler=_at_home(route.handler))


def _at_home(handler: Callable[[Asker], Awaitable[None]]) -> Callable[[Asker], Awaitable[None]]:
    async def handle(asker: Asker) -> None:
        asker.scope[_HOME] = True
        await handler(asker)

    return handle


def _key(route: AnyRoute) -> tuple[str, str]:
    return ("socket" if isinstance(route, SocketRoute) else route.method, route.path)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
