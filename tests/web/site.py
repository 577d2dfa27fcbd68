"""The routes of a whole server, and a way to ask for its pages without a socket."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

import msgspec

from headgate.app import build
from headgate.config import Config, Store
from headgate.net import Client
from headgate.web.gate import Gate
from headgate.web.pages import Pages
from headgate.web.routes import Route
from headgate.web.server import Parts

T = TypeVar("T")


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)


class Exchange:
    """Stands where a connection would, and keeps what is written whole."""

    has_begun = False
    is_left = False
    is_cut = False
    status = 200
    sent = 0
    came_at = first_at = 0.0

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def answer(self, status: int, headers: bytes, body: bytes) -> None:
        """Answer whole."""
        lines = (line.partition(": ") for line in headers.decode().splitlines())
        self.answers.append(Answer(status, {name: value for name, _, value in lines}, body))


class Site:
    """A server without a provider, and the loop it lives in."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._client, self._parts = self.run(_built())

    @property
    def gate(self) -> Gate:
        """What answers."""
        return self._parts.gate

    @property
    def pages(self) -> Pages:
        """Its pages."""
        return self._parts.pages

    @property
    def routes(self) -> list[Route]:
        """Its declared routes."""
        return self.pages.routes.all

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do that in the loop."""
        return self._runner.run(work)

    def get(self, path: str, method: str = "GET", accept: str = "*/*") -> Answer:
        """Ask the gate."""
        return self.run(ask(self, path, method, accept))

    def close(self) -> None:
        """End."""
        self.run(self._client.close())
        self._runner.close()


async def ask(site: Site, path: str, method: str = "GET", accept: str = "*/*") -> Answer:
    """Ask the gate: data comes through the exchange, pages as ASGI messages."""
    exchange, messages = Exchange(), list[dict[str, Any]]()
    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        # The client stays, so after its request there is nothing more to hear of it.
        return next(received, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"headgate"), (b"accept", accept.encode())],
        "headgate.exchange": exchange,
    }
    await site.gate(scope, receive, send)
    if exchange.answers:
        return exchange.answers[0]
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    return Answer(start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body)


async def _built() -> tuple[Client, Parts]:
    client = Client()
    return client, build(Config(store=Store(path="memory")), client)
