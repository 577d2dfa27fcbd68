"""
A provider that speaks Gemini's generateContent.

A call in that format is sent on in it, its fields untouched; any other is asked in its terms. The same
holds for vectors and counts of tokens.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.errors import ProviderError
from headgate.formats import gemini
from headgate.formats.adding import in_fields
from headgate.formats.base import Origin
from headgate.formats.embedding import EmbedCall, Vectors
from headgate.formats.inputs import INPUTS
from headgate.formats.prompts import PROMPTS
from headgate.formats.vectors import Vector
from headgate.net import Client, Target
from headgate.providers.answer import Answer, Readers
from headgate.providers.base import Ask, Emit
from headgate.providers.embedding import looked_at
from headgate.providers.service import Service
from headgate.providers.short import Asker

MAX_TARGETS = 1000
"""Caps the models whose addresses we remember; clients choose their names."""

LISTING_PAGE = 1000
"""As many models as Google tells of at once, which is all of them."""

_READERS: Readers = (gemini.Reader, gemini.read_whole)

_NAME = re.compile(r"[A-Za-z0-9._:@/-]+")

_ASKED = frozenset({"generateContent", "streamGenerateContent", "bidiGenerateContent", "embedContent"})
"""What its models are asked for here: answers and vectors."""


class GeminiProvider:
    """One such provider."""

    def __init__(self, service: Service, client: Client) -> None:
        self.name = service.name
        self.limits = service.limits
        self._service, self._client = service, client
        self._base = service.base_url.rstrip("/")
        common = {"content-type": "application/json", "user-agent": "headgate"}
        self._headers = {**common, **service.headers}
        self._keyless = {**common, **service.keyless_headers()}
        self._targets: dict[tuple[str, str, bool], Target] = {}
        self._models = Target("GET", f"{self._base}/models?pageSize={LISTING_PAGE}", self._headers)

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Ask, and emit what comes."""
        origin = Origin(ask.run, self.name, ask.model, ask.created, ask.call.choices)
        method = "streamGenerateContent?alt=sse" if ask.call.stream else "generateContent"
        answer = Answer(_READERS, origin, ask, emit, self._secrets(ask.key))
        target = self._target(method, ask.model, has_key=ask.key == "")
        await answer.fetch(self._client, target, self._body(ask.call, ask.model), self._key(ask.key))

    async def pass_on(self, method: str, model: str, body: bytes) -> bytes:
        """What the provider answers to a method of Gemini's that makes no run; raises ProviderError."""
        target = self._target(method, model, has_key=True)
        answer = await self._short().ask(target, _with_model(body, _path(model)))
        for secret in self._service.secrets:
            answer = answer.replace(secret.encode(), b"***")
        return answer

    async def count(self, call: Call, model: str, key: str) -> int:
        """How many tokens a request of any format has, as the provider counts them."""
        asked = msgspec.Raw(self._body(call, model))
        body = msgspec.json.encode({"generateContentRequest": asked})
        target = self._target("countTokens", model, has_key=key == "")
        answer = await self._short(key).ask(target, _with_model(body, _path(model)), self._key(key))
        try:
            return msgspec.json.decode(answer, type=_Count).total_tokens
        except msgspec.DecodeError:
            raise ProviderError(f"{self.name} sent something that is no count.", code="upstream_invalid") from None

    @property
    def embeds(self) -> bool:
        """It makes vectors."""
        return True

    async def embed(self, call: EmbedCall, model: str, connect: float) -> Vectors:
        """Vectors of texts, and of whatever else its own clients ask for."""
        if call.format == gemini.EMBED_NAME:
            return await self._embed_as_asked(call, model, connect)
        made: list[Vector] = []
        counts: list[int | None] = []
        target = self._target("batchEmbedContents", model, has_key=True)
        asker = self._short(connect=connect)
        # One batch after another: all of them together have one turn at the provider.
        for count, body in gemini.embed_request(INPUTS[call.format](call), _path(model)):
            answer = await asker.ask(target, body)
            with asker.discreet():
                said = gemini.read_embedded(answer, self.name, count, single=False)
            made = await looked_at(said, self.name, made)
            counts.append(said.tokens)
        tokens = None if None in counts else sum(count or 0 for count in counts)
        return Vectors(vectors=made, model=model, tokens=tokens)

    async def _embed_as_asked(self, call: EmbedCall, model: str, connect: float) -> Vectors:
        method = "embedContent" if call.is_single else "batchEmbedContents"
        body = gemini.forward_embed(call, _path(model))
        asker = self._short(connect=connect)
        answer = await asker.ask(self._target(method, model, has_key=True), body)
        with asker.discreet():
            said = gemini.read_embedded(answer, self.name, call.count, single=call.is_single)
        made = await looked_at(said, self.name)
        return Vectors(vectors=made, model=model, tokens=said.tokens, usage=said.usage, body=answer)

    async def models(self) -> Sequence[str]:
        """The models it has that make answers or vectors."""
        if self._service.models:
            return self._service.models
        body = await self._short().ask(self._models, b"")
        try:
            listing = msgspec.json.decode(body, type=_Listing)
        except msgspec.DecodeError:
            raise ProviderError(
                f"{self.name} sent something that is no list of models.", code="upstream_invalid"
            ) from None
        return [model.name.removeprefix("models/") for model in listing.models if model.is_of_use]

    async def close(self) -> None:
        """Nothing to let go of: connections belong to the client."""

    def _body(self, call: Call, model: str) -> bytes:
        if call.format == gemini.NAME:
            return gemini.forward(in_fields(call))
        return gemini.request(PROMPTS[call.format](call), model)

    def _target(self, method: str, model: str, *, has_key: bool) -> Target:
        known = self._targets.get((method, model, has_key))
        if known is not None:
            return known
        if not _NAME.fullmatch(model) or not {"", ".", ".."}.isdisjoint(model.split("/")):
            # It becomes a part of the address, which must not lead elsewhere.
            raise ProviderError(
                f"{self.name} has no model '{model[:100]}'.",
                code="model_not_found",
                param="model",
                status=404,
                kind="invalid_request_error",
                retryable=False,
            )
        headers = self._headers if has_key else self._keyless
        target = Target("POST", f"{self._base}/{_path(model)}:{method}", headers)
        if len(self._targets) < MAX_TARGETS:
            self._targets[method, model, has_key] = target
        return target

    def _short(self, key: str = "", connect: float | None = None) -> Asker:
        return Asker(
            client=self._client,
            provider=self.name,
            connect=self.limits.connect if connect is None else connect,
            secrets=self._secrets(key),
        )

    def _key(self, key: str) -> Sequence[tuple[str, str]]:
        return self._service.key_headers(key, "") if key else ()

    def _secrets(self, key: str) -> Sequence[str]:
        return (*self._service.secrets, key) if key else self._service.secrets


class _Model(msgspec.Struct, rename="camel"):
    name: str
    supported_generation_methods: list[str] | None = None

    @property
    def is_of_use(self) -> bool:
        """Whether it can be asked here; one that does not say so is believed to."""
        return self.supported_generation_methods is None or not _ASKED.isdisjoint(self.supported_generation_methods)


class _Count(msgspec.Struct, rename="camel"):
    total_tokens: int


class _Listing(msgspec.Struct):
    models: list[_Model] = []


def _path(model: str) -> str:
    """A model's place at Google: `models/NAME`, but tuned ones have a place of their own."""
    return model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"


def _with_model(body: bytes, name: str) -> bytes:
    """A request that repeats its model inside, under the name that the provider knows it by."""
    fields: Any = msgspec.json.decode(body)
    inner = [fields, *(fields.get(key) for key in ("generateContentRequest", "generate_content_request"))]
    listed = fields.get("requests")
    inner += listed if isinstance(listed, list) else []
    for each in inner:
        if isinstance(each, dict) and (each is not fields or "model" in each):
            each["model"] = name
    return msgspec.json.encode(fields)
