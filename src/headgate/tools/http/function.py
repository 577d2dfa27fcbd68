"""A function that is a request to a service, as the configuration has it."""

import hashlib
import logging
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urldefrag, urljoin

import msgspec

from headgate.net import BrokenAnswer, Client, ClientClosed, ConnectError, NetError, OutOfSockets, Target
from headgate.tools.base import Context, ToolError
from headgate.tools.http.answer import Answer
from headgate.tools.http.body import Body, places_in, write_body
from headgate.tools.http.template import UrlTemplate

CONNECT_SECONDS = 5.0

MAX_REDIRECTS = 3
"""To the same host. One is a slash that was missing, and more than two go in circles."""

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

REPEATABLE = ("GET", "PUT", "DELETE")
"""What may be done twice (RFC 9110, 9.2.2)."""

_logger = logging.getLogger(__name__)
_PLAIN = re.compile(r"[!-~]{1,255}")
"""What any service takes for such a key."""
_MOVED = (301, 302, 303, 307, 308)
_COMPLAINTS: tuple[tuple[type[NetError], str], ...] = (
    (ClientClosed, "The server is shutting down."),
    (OutOfSockets, "The server has too much to do. Try again later."),
    (ConnectError, "The service cannot be reached."),
    (BrokenAnswer, "The service broke off, or its answer is no proper one."),
    (NetError, "The service cannot be asked."),
)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and how."""

    url: str
    method: Method = "GET"
    headers: Mapping[str, str] = {}
    body: Body = "none"
    idempotency_header: str = ""
    """Tells the service that two requests are the same call; "" for none."""
    max_answer: int = 1 << 20


class HttpFunction:
    """
    A Function.

    `once` is a client that keeps no connections: a request on a kept one is sent again if that turns out to be dead,
    and nobody can tell whether the service has seen it before.
    """

    source = "http"

    def __init__(
        self,
        name: str,
        description: str,
        schema: dict[str, Any],
        request: Request,
        client: Client,
        once: Client,
        *,
        timeout: float | None = None,
        max_parallel: int | None = None,
        is_repeatable: bool | None = None,
    ) -> None:
        self.name, self.description, self.schema = name, description, schema
        self.timeout, self.max_parallel = timeout, max_parallel
        self.is_repeatable = request.method in REPEATABLE if is_repeatable is None else is_repeatable
        self._request = request
        self._template = UrlTemplate(request.url)
        self._placed = self._template.names | set(places_in(request.body))
        self._client = client if self.is_repeatable else once
        properties = schema.get("properties", {})
        self._defaults = {name: each["default"] for name, each in properties.items() if "default" in each}

    async def call(self, arguments: Mapping[str, Any], context: Context) -> str:
        """As `Function.call`."""
        arguments = {**self._defaults, **arguments}
        rest = {name: value for name, value in arguments.items() if name not in self._placed}
        in_query = rest if self._request.body == "none" else {}
        url = self._template.fill(arguments, in_query)
        body, kind = write_body(self._request.body, arguments, rest)
        headers = {"user-agent": "headgate", "accept": "application/json, text/*;q=0.9, */*;q=0.5"}
        if kind:
            headers["content-type"] = kind
        headers.update({name.lower(): value for name, value in self._request.headers.items()})
        if self._request.idempotency_header and context.call_id:
            headers[self._request.idempotency_header.lower()] = _key_of(context.call_id)
        return (await self._ask(url, headers, body)).told()

    async def _ask(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer, also where it has moved to at the same host."""
        for _ in range(MAX_REDIRECTS + 1):
            target = Target(self._request.method, url, headers)
            answer = await self._fetch(target, body)
            if answer.status not in _MOVED:
                return answer
            url = _moved(url, answer.location, target) if self._request.method == "GET" else ""
            if not url:
                raise ToolError(f"The service answered {answer.status}, and redirects to elsewhere are not followed.")
        raise ToolError(f"The service redirected more than {MAX_REDIRECTS} times.")

    async def _fetch(self, target: Target, body: bytes) -> Answer:
        answer = Answer(self._request.max_answer)
        try:
            await self._client.fetch(target, body, answer, connect_timeout=CONNECT_SECONDS)
        except NetError as error:
            _logger.warning("The function %s: %s", self.name, error.message)
            raise ToolError(next(words for kind, words in _COMPLAINTS if isinstance(error, kind))) from None
        return answer


def _key_of(call: str) -> str:
    """The call's id, which is made of what a provider calls it: it may be any text."""
    return call if _PLAIN.fullmatch(call) else hashlib.sha256(call.encode("utf-8", "replace")).hexdigest()


def _moved(url: str, location: str, target: Target) -> str:
    """Where it has moved to, if that is at the same host and reached in the same way; else ""."""
    try:
        there = urldefrag(urljoin(url, location)).url
        return there if location and Target("GET", there, {}).origin == target.origin else ""
    except ValueError:
        return ""
