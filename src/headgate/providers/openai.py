"""
Any provider that speaks OpenAI's HTTP, which is most of them.

A call in a format that the provider has an endpoint for is sent on in that format, its fields
untouched. A provider without that endpoint is asked through chat instead.
"""

from collections.abc import Sequence

from headgate.errors import ProviderError
from headgate.formats import openai_chat, openai_completions, openai_embeddings, openai_responses
from headgate.formats.adding import can_add, in_fields
from headgate.formats.base import Origin
from headgate.formats.embedding import EmbedCall, Vectors
from headgate.formats.inputs import INPUTS
from headgate.formats.prompts import PROMPTS
from headgate.formats.voices import Voice
from headgate.net import Client, FileBody, Target
from headgate.providers import sounds
from headgate.providers.answer import Answer, Readers
from headgate.providers.base import Ask, Emit
from headgate.providers.embedding import looked_at
from headgate.providers.listing import list_models, list_voices
from headgate.providers.service import Service
from headgate.providers.short import Asker

_PATHS = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "responses": "/responses",
    "embeddings": "/embeddings",
    sounds.SPEECH: "/audio/speech",
    sounds.TRANSCRIPTIONS: "/audio/transcriptions",
}
_ENDPOINTS = {openai_chat.NAME: "chat", openai_completions.NAME: "completions", openai_responses.NAME: "responses"}
_READERS: dict[str, Readers] = {
    "chat": (openai_chat.Reader, openai_chat.read_whole),
    "completions": (openai_completions.Reader, openai_completions.read_whole),
    "responses": (openai_responses.Reader, openai_responses.read_whole),
    **sounds.READERS,
}


class OpenAIProvider:
    """One such provider."""

    def __init__(self, service: Service, client: Client) -> None:
        self.name = service.name
        self.limits = service.limits
        self._service, self._client = service, client
        base = service.base_url.rstrip("/")
        common = {"content-type": "application/json", "user-agent": "headgate"}
        headers, keyless = {**common, **service.headers}, {**common, **service.keyless_headers()}
        urls = {endpoint: base + _PATHS[endpoint] + service.query for endpoint in service.endpoints}
        self._targets = {endpoint: Target("POST", url, headers) for endpoint, url in urls.items()}
        self._keyless = {endpoint: Target("POST", url, keyless) for endpoint, url in urls.items()}
        self._models = Target("GET", f"{base}/models{service.query}", headers)
        self._voices = Target("GET", f"{base}/audio/voices{service.query}", headers)

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Ask, and emit what comes."""
        kind, headers = Answer, sounds.NO_HEADERS
        body: bytes | FileBody
        if ask.call.format in sounds.ENDPOINTS:
            endpoint, body, headers = self._sound(ask)
            kind = sounds.answer_of(endpoint)
        else:
            endpoint, body = self._request(ask)
        origin = Origin(ask.run, self.name, ask.model, ask.created, ask.call.choices)
        target, secrets = self._targets[endpoint], self._service.secrets
        if ask.key:
            target, secrets = self._keyless[endpoint], (*secrets, ask.key)
            headers = (*headers, *self._service.key_headers(ask.key, ask.organization))
        answer = kind(_READERS[endpoint], origin, ask, emit, secrets)
        await answer.fetch(self._client, target, body, headers)

    @property
    def embeds(self) -> bool:
        """Whether it makes vectors."""
        return "embeddings" in self._service.endpoints

    async def embed(self, call: EmbedCall, model: str, connect: float) -> Vectors:
        """Vectors of texts."""
        is_kindred, field = call.format == openai_embeddings.NAME, self._service.dimensions_field
        if is_kindred:
            body = openai_embeddings.forward(call, model, field)
        else:
            body = openai_embeddings.request(INPUTS[call.format](call), model, field)
        asker = Asker(client=self._client, provider=self.name, connect=connect, secrets=self._service.secrets)
        answer = await asker.ask(self._targets["embeddings"], body)
        with asker.discreet():
            said = openai_embeddings.read_answer(answer, self.name, call.count)
        made = await looked_at(said, self.name)
        is_as_asked = is_kindred and said.is_regular and all(bool(each.packed) is call.wants_base64 for each in made)
        return Vectors(
            vectors=made,
            model=said.model or model,
            tokens=said.tokens,
            usage=said.usage,
            body=answer if is_as_asked else b"",
        )

    @property
    def speaks(self) -> bool:
        """Whether it makes sounds of texts."""
        return sounds.SPEECH in self._service.endpoints

    @property
    def hears(self) -> bool:
        """Whether it makes texts of sounds."""
        return sounds.TRANSCRIPTIONS in self._service.endpoints

    async def voices(self) -> Sequence[Voice]:
        """The voices it has: those that are known, or what it lists."""
        if not self.speaks or self._service.voices:
            return [Voice(id=voice, name=voice.capitalize()) for voice in self._service.voices]
        return await list_voices(self._client, self._voices, self._service)

    async def models(self) -> Sequence[str]:
        """The models it has."""
        if self._service.models:
            return self._service.models
        return await list_models(self._client, self._models, self._service)

    async def close(self) -> None:
        """Nothing to let go of: connections belong to the client."""

    def _sound(self, ask: Ask) -> tuple[str, bytes | FileBody, sounds.Headers]:
        endpoint = sounds.ENDPOINTS[ask.call.format]
        if endpoint not in self._service.endpoints:
            raise sounds.lacking(ask.call, self.name)
        return (endpoint, *sounds.request(ask.call, ask.model))

    def _request(self, ask: Ask) -> tuple[str, bytes]:
        call, service = ask.call, self._service
        endpoint = _ENDPOINTS.get(call.format, "")
        if endpoint in service.endpoints and (call.added is None or can_add(call.format)):
            call = in_fields(call)
            if endpoint == "responses":
                return endpoint, openai_responses.forward(call, ask.model, stream=call.stream)
            return endpoint, openai_chat.forward(call, ask.model, stream_usage=service.stream_usage)
        prompt = PROMPTS[call.format](call)
        if not {"chat", "responses"} & service.endpoints:
            message = f"{self.name} answers no questions: of what is asked it has only {', '.join(service.endpoints)}."
            raise ProviderError(message, code="method_not_supported", param="model", status=404, retryable=False)
        if "chat" not in service.endpoints:
            return "responses", openai_responses.request(prompt, ask.model, stream=call.stream)
        return "chat", openai_chat.request(
            prompt,
            ask.model,
            stream=call.stream,
            stream_usage=service.stream_usage,
            max_tokens_field=service.max_tokens_field,
        )
