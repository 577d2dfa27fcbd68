"""A running Headgate, as the commands that are its clients talk to it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from headgate.cli.sse import Message, Reader
from headgate.config import ClientConfig
from headgate.errors import HeadgateError
from headgate.net import Client, ConnectError, Flow, NetError, Target

ANSWER_SECONDS = 30.0
"""How long a question that is no stream may take."""

SILENCE_SECONDS = 120.0
"""A stream this long without a byte is cut: the server sends a keep-alive far more often."""

UNAUTHORIZED = 401
UNAVAILABLE = 503


class ServerError(HeadgateError):
    """The server said no, in its own words."""


class Unreachable(HeadgateError):
    """Nobody answers at that address."""


class Cut(HeadgateError):
    """The connection broke before the answer was whole."""


class Server:
    """
    Asks a server. Belongs to one event loop; close it at the end.

    Every method raises ServerError, Unreachable or Cut, each with a sentence for a person.
    """

    def __init__(self, config: ClientConfig) -> None:
        # Clients of OpenAI's API are given the address with it.
        self._url = config.url.removesuffix("/").removesuffix("/v1")
        self._headers = {"content-type": "application/json", "user-agent": "headgate"}
        if config.key is not None:
            self._headers["authorization"] = f"Bearer {config.key.reveal()}"
        self._client = Client(proxies=config.proxies)

    async def ask(self, method: str, path: str) -> dict[str, Any]:
        """A question with one JSON object for an answer."""
        answer = _Answer(lambda _: None, lambda _: False)
        await self._fetch(method, path, {}, b"", answer, ANSWER_SECONDS)
        try:
            return msgspec.json.decode(bytes(answer.body), type=dict[str, Any])
        except msgspec.DecodeError:
            raise ServerError(f"What answers at {self._url} is no Headgate.") from None

    async def stream(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        on_head: Callable[[Mapping[str, str]], None] = lambda _: None,
        on_message: Callable[[Message], bool],
    ) -> int:
        """
        Hand on a stream's headers and then its messages, until one is answered with True.

        Returns the status: 204 when there is nothing to stream. A stream that ends before any
        message was answered with True raises Cut, however politely it ended.
        """
        answer = _Answer(on_head, on_message)
        await self._fetch(method, path, headers, body, answer, SILENCE_SECONDS)
        if answer.status == 200 and not answer.is_enough:
            raise Cut("The connection was cut.")
        return answer.status

    async def close(self) -> None:
        await self._client.close()

    async def _fetch(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, answer: "_Answer", seconds: float
    ) -> None:
        try:
            target = Target(method, self._url + path, {**self._headers, **headers})
        except ValueError as error:
            raise ServerError(f"The server cannot be asked: {error}") from None
        try:
            async with asyncio.timeout(seconds) as limit:
                answer.keep_waiting = lambda: limit.reschedule(asyncio.get_running_loop().time() + seconds)
                await self._client.fetch(target, body, answer)
        except ConnectError:
            raise Unreachable(f"Nothing answers at {self._url}. Is `headgate serve` running there?") from None
        except (NetError, TimeoutError):
            raise Cut("The connection was cut.") from None
        if answer.status == UNAUTHORIZED and "authorization" not in self._headers:
            raise ServerError(f"{self._url} wants a key: set HEADGATE_API_KEY, or give --key.", status=answer.status)
        if answer.status not in (200, 204):
            raise ServerError(_message_in(answer), status=answer.status)


class _Answer:
    """Takes an answer in: a stream's messages one by one, anything else as a whole."""

    status = 0
    is_enough = False
    keep_waiting: Callable[[], None]

    def __init__(self, on_head: Callable[[Mapping[str, str]], None], on_message: Callable[[Message], bool]) -> None:
        self.body = bytearray()
        self._on_head, self._on_message = on_head, on_message
        self._reader: Reader | None = None

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        self.status = status
        if status == 200:
            self._on_head(headers)
            if headers.get("content-type", "").startswith("text/event-stream"):
                self._reader = Reader()

    def on_body(self, data: bytes) -> bool:
        self.keep_waiting()
        if self._reader is None:
            self.body += data
            return False
        self.is_enough = any(self._on_message(message) for message in self._reader.feed(data))
        return self.is_enough


def run_path(run: str, rest: str = "") -> str:
    """The path of a run, whose name a person typed."""
    return f"/v1/runs/{quote(run, safe='')}{rest}"


def _message_in(answer: _Answer) -> str:
    try:
        body = msgspec.json.decode(bytes(answer.body))
        return f"{body['error']['message']}"
    except (msgspec.DecodeError, KeyError, TypeError):
        return f"The server answered with status {answer.status} and no explanation."
