"""
Any provider that speaks OpenAI's HTTP, which is most of them.

A call in a format that the provider has an endpoint for is sent on in that format, its fields
untouched. A provider without that endpoint is asked through chat instead. Answers are read by what they are,
not by what was asked: a whole object where a stream was wanted, an error page under a 200, a stream
without a content type.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from headgate.errors import ProviderError
from headgate.events import AnyEvent
from headgate.formats import openai, openai_chat, openai_completions, openai_responses
from headgate.formats.base import Origin, Reader
from headgate.net import Client, Flow, Target
from headgate.providers.base import Ask, Emit, Limits

MAX_ANSWER = 64 * 1024 * 1024
"""Caps what one answer can make us hold and keep; a long answer with pictures is a few megabytes."""

MAX_ERROR = 256 * 1024
"""Caps how much of an error page is read; its message is in the first lines."""

END_GRACE = 2.0
"""Seconds an answer whose every choice has ended may take for its usage and its end mark, before it
counts as whole without them."""

_PATHS = {"chat": "/chat/completions", "completions": "/completions", "responses": "/responses"}
_ENDPOINTS = {openai_chat.NAME: "chat", openai_completions.NAME: "completions", openai_responses.NAME: "responses"}
_PROMPTS = {
    openai_chat.NAME: openai_chat.prompt,
    openai_completions.NAME: openai_completions.prompt,
    openai_responses.NAME: openai_responses.prompt,
}
_READERS: dict[str, tuple[Callable[[Origin], Reader], Callable[[bytes, Origin], list[AnyEvent]]]] = {
    "chat": (openai_chat.Reader, openai_chat.read_whole),
    "completions": (openai_completions.Reader, openai_completions.read_whole),
    "responses": (openai_responses.Reader, openai_responses.read_whole),
}


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a provider: where it is and what it can do."""

    name: str
    base_url: str
    headers: Mapping[str, str]
    """The key included, so this is never shown."""
    endpoints: frozenset[str] = frozenset({"chat"})
    stream_usage: bool = True
    """Whether it takes `stream_options.include_usage`."""
    max_tokens_field: str = "max_tokens"
    models: tuple[str, ...] = ()
    """The models to list; empty: ask the provider."""
    limits: Limits = Limits()
    secrets: tuple[str, ...] = ()
    """What must never be repeated, even when the provider itself writes it into an error."""


class OpenAIProvider:
    """One such provider."""

    def __init__(self, service: Service, client: Client) -> None:
        self.name = service.name
        self.limits = service.limits
        self._service, self._client = service, client
        base = service.base_url.rstrip("/")
        headers = {"content-type": "application/json", "user-agent": "headgate", **service.headers}
        self._targets = {endpoint: Target("POST", base + _PATHS[endpoint], headers) for endpoint in service.endpoints}
        self._models = Target("GET", base + "/models", headers)

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Ask, and emit what comes."""
        endpoint, body = self._request(ask)
        origin = Origin(ask.run, self.name, ask.model, ask.created)
        answer = _Answer(endpoint, origin, ask, emit, self._service.secrets)
        try:
            await self._client.fetch(self._targets[endpoint], body, answer, connect_timeout=ask.limits.connect)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not answer.ended_itself or (task is not None and task.uncancel()):
                raise
        finally:
            answer.stop_waiting()
        answer.close()

    async def models(self) -> Sequence[str]:
        """The models it has."""
        if self._service.models:
            return self._service.models
        listing = _Listing(self.name)
        await self._client.fetch(self._models, b"", listing, connect_timeout=self.limits.connect)
        return listing.models()

    async def close(self) -> None:
        """Nothing to let go of: connections belong to the client."""

    def _request(self, ask: Ask) -> tuple[str, bytes]:
        call, service = ask.call, self._service
        endpoint = _ENDPOINTS.get(call.format, "")
        if endpoint in service.endpoints:
            if endpoint == "responses":
                return endpoint, openai_responses.forward(call, ask.model, stream=call.stream)
            return endpoint, openai_chat.forward(call, ask.model, stream_usage=service.stream_usage)
        prompt = _PROMPTS[call.format](call)
        if "chat" not in service.endpoints:
            return "responses", openai_responses.request(prompt, ask.model, stream=call.stream)
        return "chat", openai_chat.request(
            prompt,
            ask.model,
            stream=call.stream,
            stream_usage=service.stream_usage,
            max_tokens_field=service.max_tokens_field,
        )


class _Answer:
    """One answer as it comes in."""

    def __init__(self, endpoint: str, origin: Origin, ask: Ask, emit: Emit, secrets: Sequence[str]) -> None:
        self._origin, self._ask, self._emit, self._secrets = origin, ask, emit, secrets
        self._new_reader, self._read_whole = _READERS[endpoint]
        self._wants_stream = ask.call.stream
        self._reader: Reader | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._status = 0
        self._retry_after: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.current_task()
        self.ended_itself = False
        """Whether it was whole but for its end mark, and waited long enough for that."""

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        """The answer begins."""
        self._status = status
        self._ask.on_flow(flow)
        if status >= 300:
            self._retry_after = _retry_after(headers)
        elif headers.get("content-type", "").startswith("text/event-stream"):
            self._reader = self._new_reader(self._origin)

    def on_body(self, data: bytes) -> bool:
        """More of it; True when the rest does not matter."""
        self._size += len(data)
        reader = self._reader
        if reader is None:
            reader = self._look(data)
            if reader is None:
                return self._status >= 300 and self._size > MAX_ERROR
            data = b"".join(self._pieces)
        elif self._size > MAX_ANSWER:
            raise self._too_large()
        self._feed(reader, data)
        if reader.is_over:
            return True
        if self._timer is None and getattr(reader, "is_answered", False):
            self._timer = asyncio.get_running_loop().call_later(END_GRACE, self._end_itself)
        return False

    def close(self) -> None:
        """The body ended."""
        if self._status >= 300:
            raise self._error()
        if self._reader is not None:
            self._hand_on(self._reader.close)
            return
        body = b"".join(self._pieces)
        if _looks_like_html(body):
            raise openai.read_error(502, body, self._origin.provider)
        self._emit(self._read_whole(body, self._origin))

    def stop_waiting(self) -> None:
        """Nothing is awaited any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, data: bytes) -> Reader | None:
        """Whether what came so far is a stream, whatever its content type said."""
        if self._size > MAX_ANSWER:
            raise self._too_large()
        self._pieces.append(data)
        if self._status >= 300 or not self._wants_stream:
            return None
        start = b"".join(self._pieces[:4]).lstrip(b"\xef\xbb\xbf \t\r\n")
        if start[:1] in (b"", b"{", b"[", b"<"):
            return None
        self._reader = self._new_reader(self._origin)
        return self._reader

    def _feed(self, reader: Reader, data: bytes) -> None:
        try:
            events = reader.feed(data)
        except ProviderError as error:
            raise self._clean(error) from None
        if events:
            self._emit(events)

    def _hand_on(self, read: Callable[[], Sequence[AnyEvent]]) -> None:
        try:
            self._emit(read())
        except ProviderError as error:
            raise self._clean(error) from None

    def _error(self) -> ProviderError:
        error = openai.read_error(self._status, b"".join(self._pieces)[:MAX_ERROR], self._origin.provider)
        error.retry_after = self._retry_after
        return self._clean(error)

    def _clean(self, error: ProviderError) -> ProviderError:
        """Some providers repeat the key they refuse."""
        for secret in self._secrets:
            error.message = error.message.replace(secret, "***")
        return error

    def _too_large(self) -> ProviderError:
        return ProviderError(
            f"The answer of {self._origin.provider} is over the size limit.", code="upstream_too_large"
        )

    def _end_itself(self) -> None:
        self.ended_itself = True
        if self._task is not None:
            self._task.cancel()


class _Listing:
    """A provider's list of models as it comes in."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._pieces: list[bytes] = []
        self._size = 0
        self._status = 0

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        self._status = status

    def on_body(self, data: bytes) -> bool:
        self._size += len(data)
        self._pieces.append(data)
        return self._size > MAX_ANSWER

    def models(self) -> Sequence[str]:
        """The names in it."""
        body = b"".join(self._pieces)
        if self._status != 200:
            raise openai.read_error(self._status, body, self._provider)
        try:
            said = msgspec.json.decode(body)
        except msgspec.DecodeError:
            said = None
        # OpenAI wraps the list in an object, some providers do not.
        listed = said.get("data") if isinstance(said, dict) else said
        if not isinstance(listed, list):
            raise ProviderError(f"{self._provider} sent something that is no list of models.", code="upstream_invalid")
        names = [model.get("id") for model in listed if isinstance(model, dict)]
        return [name for name in names if isinstance(name, str) and name]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait; the date form is left alone, because our clock and theirs may differ."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
    return None


def _looks_like_html(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"
