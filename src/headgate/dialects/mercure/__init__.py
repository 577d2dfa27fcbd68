"""
Mercure (https://mercure.rocks/spec, protocol 1.0): updates are published by a form, and heard as server-sent events.

Everything is decided by access tokens that others make; the server's own keys are of no use here. Without a key for
tokens there is no hub.
"""

from collections.abc import Mapping, Sequence

import msgspec

from headgate.dialects.docs import mercure as docs
from headgate.dialects.mercure.authority import Authority
from headgate.dialects.mercure.board import Board
from headgate.dialects.mercure.failures import Off, error_body
from headgate.dialects.mercure.history import Bounds as HistoryBounds
from headgate.dialects.mercure.matchers import Matchers
from headgate.dialects.mercure.publishing import Publishing
from headgate.dialects.mercure.subscribing import Subscribing
from headgate.dialects.mercure.tokens import Key, Role, Tokens
from headgate.dialects.mercure.topics import PATH
from headgate.web.address import PublicAddress
from headgate.web.doc import Doc
from headgate.web.http import Request
from headgate.web.routes import Handler, Route

__all__ = ["Board", "HistoryBounds", "Key", "Mercure", "Role", "Settings", "hub_of", "routes"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of it."""

    keys: Mapping[Role, Key] = {}
    """Without any there is no hub."""
    audience: str | None = None
    issuers: Sequence[str] = ()
    takes_older: bool = True
    anonymous: bool = False
    origins: Sequence[str] = ()
    history: HistoryBounds = HistoryBounds()
    max_subscribers: int = 10_000
    max_update: int = 256 << 10
    body_timeout: float = 30.0
    keep_alive: float = 15.0
    public_url: str | None = None


class Mercure(msgspec.Struct, frozen=True):
    """A hub."""

    board: Board
    subscribing: Subscribing
    publishing: Publishing


def hub_of(settings: Settings) -> Mercure | None:
    """The hub; None without a key. Must be called inside the event loop."""
    if not settings.keys:
        return None
    address = PublicAddress(settings.public_url)
    matchers = Matchers(_url(settings))
    tokens = Tokens(settings.keys, settings.issuers, takes_older=settings.takes_older, matchers=matchers)
    authority = Authority(
        tokens,
        audience=settings.audience,
        address=address,
        anonymous=settings.anonymous,
        origins=settings.origins,
    )
    board = Board(matchers, settings.history, keep_alive=settings.keep_alive, most=settings.max_subscribers)
    publishing = Publishing(board, matchers, authority, settings.max_update, settings.body_timeout)
    return Mercure(board, Subscribing(board, matchers, authority), publishing)


def routes(mercure: Mercure | None) -> list[Route]:
    """The routes of this dialect; also of a server without the hub, where they say how to have one."""

    def route(method: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=PATH, handler=handler, error=error_body, doc=doc)

    return [
        route("GET", _off if mercure is None else mercure.subscribing.listen, docs.SUBSCRIBE),
        route("POST", _off if mercure is None else mercure.publishing.publish, docs.PUBLISH),
    ]


async def _off(request: Request) -> None:
    raise Off


def _url(settings: Settings) -> str:
    """What relative topics and patterns are seen from: they must only be seen from the same place."""
    if settings.audience is not None and settings.audience.startswith(("http://", "https://")):
        return settings.audience
    return (settings.public_url or "http://localhost").rstrip("/") + PATH
