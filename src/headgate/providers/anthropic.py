"""
A provider that speaks Anthropic's Messages.

A call in that format is sent on in it, its fields and its headers untouched; any other is asked in its
terms.
"""

from collections.abc import Mapping, Sequence

import msgspec

from headgate.calls import Call
from headgate.errors import ProviderError
from headgate.formats import anthropic
from headgate.formats.adding import in_fields
from headgate.formats.base import Origin
from headgate.formats.prompts import PROMPTS
from headgate.net import Client, Target
from headgate.providers.answer import Answer, Readers
from headgate.providers.base import Ask, Emit
from headgate.providers.listing import list_models
from headgate.providers.service import Service
from headgate.providers.short import Asker

VERSION = "2023-06-01"
"""What is asked for unless the client says another: the later one refuses what other formats are asked with."""

_READERS: Readers = (anthropic.Reader, anthropic.read_whole)


class AnthropicProvider:
    """One such provider."""

    def __init__(self, service: Service, client: Client) -> None:
        self.name = service.name
        self.limits = service.limits
        self._service, self._client = service, client
        base = service.base_url.rstrip("/")
        common = {"content-type": "application/json", "user-agent": "headgate"}
        headers = {**common, **_lower(service.headers)}
        keyless = {**common, **_lower(service.keyless_headers())}
        # A version in the configuration holds for whoever does not say one.
        self._version = headers.pop("anthropic-version", VERSION)
        keyless.pop("anthropic-version", None)
        self._messages, self._keyless = _targets("POST", base + "/messages", headers, keyless)
        self._count, self._count_keyless = _targets("POST", base + "/messages/count_tokens", headers, keyless)
        listing = {**headers, "anthropic-version": self._version}
        # More than one page is more than there are.
        self._models = Target("GET", base + "/models?limit=1000", listing)

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Ask, and emit what comes."""
        origin = Origin(ask.run, self.name, ask.model, ask.created, ask.call.choices)
        target = self._keyless if ask.key else self._messages
        answer = Answer(_READERS, origin, ask, emit, self._secrets(ask.key))
        await answer.fetch(self._client, target, self._request(ask), self._headers(ask.call, ask.key))

    async def count(self, call: Call, model: str, key: str) -> int:
        """How many tokens a request has, as the provider counts them."""
        if call.format == anthropic.NAME:
            body = anthropic.forward(call, model)
        else:
            body = anthropic.count_request(PROMPTS[call.format](call), model)
        asker = Asker(client=self._client, provider=self.name, connect=self.limits.connect, secrets=self._secrets(key))
        answer = await asker.ask(self._count_keyless if key else self._count, body, self._headers(call, key))
        try:
            return msgspec.json.decode(answer, type=_Tokens).input_tokens
        except msgspec.DecodeError:
            raise ProviderError(
                f"{self.name} sent something that is no count of tokens.", code="upstream_invalid"
            ) from None

    async def models(self) -> Sequence[str]:
        """The models it has."""
        if self._service.models:
            return self._service.models
        return await list_models(self._client, self._models, self._service)

    async def close(self) -> None:
        """Nothing to let go of: connections belong to the client."""

    def _request(self, ask: Ask) -> bytes:
        call = ask.call
        if call.format == anthropic.NAME:
            return anthropic.forward(in_fields(call), ask.model)
        # Always in pieces: a whole answer says nothing for minutes, and looks like one that never begins.
        return anthropic.request(PROMPTS[call.format](call), ask.model, stream=True)

    def _headers(self, call: Call, key: str) -> list[tuple[str, str]]:
        headers = {"anthropic-version": self._version}
        if call.format == anthropic.NAME:
            headers |= dict(call.headers)
        return [*headers.items(), *(self._service.key_headers(key, "") if key else ())]

    def _secrets(self, key: str) -> Sequence[str]:
        return (*self._service.secrets, key) if key else self._service.secrets


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _targets(method: str, url: str, headers: Mapping[str, str], keyless: Mapping[str, str]) -> tuple[Target, Target]:
    return Target(method, url, headers), Target(method, url, keyless)


class _Tokens(msgspec.Struct):
    input_tokens: int
