"""GET /metrics: what is counted, for those who watch the server."""

import hmac

import msgspec

from headgate.dialects.docs import metrics as docs
from headgate.errors import Unauthorized
from headgate.formats import openai
from headgate.keys import Keys, key_in
from headgate.metrics import Exposition
from headgate.web.http import Request
from headgate.web.routes import Route


class Readers(msgspec.Struct, frozen=True):
    """Who may read them: everybody, or whoever has the token; without one whoever has a client's key."""

    is_open: bool = False
    token: str | None = None


class Metrics:
    """The endpoint."""

    def __init__(self, exposition: Exposition, keys: Keys, readers: Readers) -> None:
        self._exposition, self._keys, self._readers = exposition, keys, readers

    async def show(self, request: Request) -> None:
        """The page."""
        self._check(request)
        accept = request.headers.get(b"accept", b"").decode("latin-1")
        page, kind = await self._exposition.page(accept)
        request.answer(200, page, b"cache-control: no-store\r\nvary: accept\r\n", kind=kind.encode())

    def _check(self, request: Request) -> None:
        readers = self._readers
        if readers.is_open:
            return
        if readers.token is None:
            self._keys.owner(request.headers)
            return
        if not hmac.compare_digest(key_in(request.headers), readers.token.encode()):
            raise Unauthorized("The metrics have a token of their own. Send it as 'Authorization: Bearer TOKEN'.")


def routes(exposition: Exposition, keys: Keys, readers: Readers) -> list[Route]:
    """The routes of this dialect."""
    handler = Metrics(exposition, keys, readers).show
    return [Route(method="GET", path="/metrics", handler=handler, error=openai.error_body, doc=docs.METRICS)]
