"""
Any provider that speaks OpenAI's HTTP, which is most of them.

A call in a format that the provider has an endpoint for is sent on in that format, its fields
untouched. A provider without that endpoint is asked through chat instead.
"""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from headgate.errors import ProviderError
from headgate.formats import openai_chat, openai_completions, openai_responses, upstream_errors
from headgate.formats.base import Origin
from headgate.net import Client, Flow, NetError, Target
from headgate.providers.answer import Answer, Readers
from headgate.providers.base import Ask, Emit, Limits

MAX_LISTING = 16 * 1024 * 1024
"""Caps what a list of models can make us hold; the longest honest ones are a few hundred kilobytes."""

_PATHS = {"chat": "/chat/completions", "completions": "/completions", "responses": "/responses"}
_ENDPOINTS = {openai_chat.NAME: "chat", openai_completions.NAME: "completions", openai_responses.NAME: "responses"}
_PROMPTS = {
    openai_chat.NAME: openai_chat.prompt,
    openai_completions.NAME: openai_completions.prompt,
    openai_responses.NAME: openai_responses.prompt,
}
_READERS: dict[str, Readers] = {
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
    key_header: str = "authorization"
    """Where it wants its key."""

    def keyless_headers(self) -> dict[str, str]:
        """Those that have nothing to do with our own account there."""
        account = (self.key_header, "openai-organization", "openai-project")
        return {name: value for name, value in self.headers.items() if name.lower() not in account}

    def key_headers(self, key: str, organization: str) -> list[tuple[str, str]]:
        """Those of a caller's own account."""
        headers = [(self.key_header, f"Bearer {key}" if self.key_header == "authorization" else key)]
        return [*headers, ("openai-organization", organization)] if organization else headers


class OpenAIProvider:
    """One such provider."""

    def __init__(self, service: Service, client: Client) -> None:
        self.name = service.name
        self.limits = service.limits
        self._service, self._client = service, client
        base = service.base_url.rstrip("/")
        common = {"content-type": "application/json", "user-agent": "headgate"}
        headers, keyless = {**common, **service.headers}, {**common, **service.keyless_headers()}
        self._targets = {endpoint: Target("POST", base + _PATHS[endpoint], headers) for endpoint in service.endpoints}
        self._keyless = {endpoint: Target("POST", base + _PATHS[endpoint], keyless) for endpoint in service.endpoints}
        self._models = Target("GET", base + "/models", headers)

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Ask, and emit what comes."""
        endpoint, body = self._request(ask)
        origin = Origin(ask.run, self.name, ask.model, ask.created, ask.call.choices)
        target, secrets = self._targets[endpoint], self._service.secrets
        headers: Sequence[tuple[str, str]] = ()
        if ask.key:
            target, secrets = self._keyless[endpoint], (*secrets, ask.key)
            headers = self._service.key_headers(ask.key, ask.organization)
        answer = Answer(_READERS[endpoint], origin, ask, emit, secrets)
        try:
            await self._client.fetch(target, body, answer, connect_timeout=ask.limits.connect, headers=headers)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not answer.ended_itself or (task is not None and task.uncancel()):
                raise
        except NetError:
            if not answer.is_answered:
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
        return self._size > MAX_LISTING

    def models(self) -> Sequence[str]:
        """The names in it."""
        body = b"".join(self._pieces)
        if self._status != 200:
            raise upstream_errors.read_error(self._status, body, self._provider)
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
