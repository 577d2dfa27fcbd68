"""GET /.well-known/mercure: updates as they are published, as server-sent events."""

import asyncio
from urllib.parse import parse_qsl

import msgspec

from headgate.dialects.mercure.authority import Authority
from headgate.dialects.mercure.board import Board
from headgate.dialects.mercure.grants import selector
from headgate.dialects.mercure.matchers import BadMatcher, Kind, Matcher, Matchers
from headgate.errors import BadRequest
from headgate.formats import sse
from headgate.web.http import Request

MAX_WANTED = 50
"""Matchers of one connection; an address has no room for many more."""

_KINDS: dict[str, Kind] = {"match": "exact", "match_exact": "exact", "match_urlpattern": "urlpattern"}
_OLDER = "topic"
"""What `match` was called before 1.0, when it took URI templates, too."""
_LAST_IDS = ("last_event_id", "lastEventID", "Last-Event-ID")
"""What the parameter is called, and what it was."""


class Wish(msgspec.Struct, frozen=True):
    """What a subscriber's address says."""

    wanted: tuple[tuple[str, str], ...]
    """The matchers, each after the name of its parameter."""
    last_id: str | None
    names: frozenset[str]
    """Of all parameters."""


def read_wish(query: bytes) -> Wish:
    """The wish of a query; raises BadRequest."""
    try:
        said = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadRequest("The query is not in UTF-8.") from None
    wanted = tuple((name, value) for name, value in said if name == _OLDER or _is_matcher(name))
    if not wanted:
        raise BadRequest("Say which topics: `match=TOPIC`, or `match_urlpattern=PATTERN`.", param="match")
    if len(wanted) > MAX_WANTED:
        raise BadRequest(f"A connection has at most {MAX_WANTED} matchers.", code="too_many_matchers", param="match")
    ids = [value for name, value in said if name in _LAST_IDS and value]
    return Wish(wanted, ids[0] if ids else None, frozenset(name for name, _ in said))


def _is_matcher(name: str) -> bool:
    if name in _KINDS:
        return True
    if not name.lower().startswith("match"):
        return False
    raise BadRequest(f"There is no matcher {name[:50]!r}; there are {', '.join(_KINDS)}.", param=name[:50])


class Subscribing:
    """The endpoint."""

    def __init__(self, board: Board, matchers: Matchers, authority: Authority) -> None:
        self._board, self._matchers, self._authority = board, matchers, authority

    async def listen(self, request: Request) -> None:
        """Tell what is published, until the client leaves or its token ends."""
        request.add_headers(self._authority.cors(request))
        wish = read_wish(request.scope["query_string"])
        grants = self._authority.subscriber(request, wish.names)
        wanted = []
        for name, text in wish.wanted:
            wanted.append(self._matcher(name, text))
            # A pattern may take milliseconds to be made.
            await asyncio.sleep(0)
        last_id = _header_id(request) or wish.last_id
        listener, position = self._board.subscribe(wanted, grants, last_id)
        if position is not None:
            request.add_headers(b"mercure-last-event-id: %b\r\n" % position.encode())
        request.on_leave(listener.close)
        try:
            if not request.begin_stream():
                return
            # The head goes out with the first piece, and readers want to know now that they are followed.
            await request.write(sse.KEEP_ALIVE, more=True)
            while (piece := await listener.next()) is not None:
                await request.write(piece or sse.KEEP_ALIVE, more=True)
            await request.write(b"", more=False)
        finally:
            request.on_leave(None)
            self._board.leave(listener)

    def _matcher(self, name: str, text: str) -> Matcher:
        try:
            return selector(text, self._matchers) if name == _OLDER else self._matchers.read(_KINDS[name], text)
        except BadMatcher as error:
            raise BadRequest(str(error), code="invalid_matcher", param=name) from None


def _header_id(request: Request) -> str | None:
    """The id that a client had last; browsers write it as UTF-8."""
    return request.headers.get(b"last-event-id", b"").decode("utf-8", "replace") or None
