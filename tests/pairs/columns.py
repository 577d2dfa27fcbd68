"""
The providers of the table: one entry for every format that an upstream may speak.

Each is the real provider over a connection that plays a recording, so the golden files hold all that a
provider of that kind does: where it asks, with which headers, and what it makes of the answer.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from headgate.calls import Call
from headgate.errors import ProviderError
from headgate.events import AnyEvent, Failed
from headgate.net import Receiver, Target
from headgate.providers.anthropic import AnthropicProvider
from headgate.providers.base import Ask, Limits, Provider
from headgate.providers.bedrock import BedrockProvider
from headgate.providers.gemini import GeminiProvider
from headgate.providers.openai import OpenAIProvider
from headgate.providers.service import Service
from tests.formats.bedrock.streams import event, failure

RUN = "run_7"
CREATED = 1_763_700_000


class Exchange(NamedTuple):
    """What an upstream was asked, and what it answers."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Asked(NamedTuple):
    """A request as it goes out."""

    head: str
    body: bytes


class _Flow:
    def pause(self) -> None:
        pass

    def resume(self) -> None:
        pass


class Recorded:
    """Stands where the client of the network stands: plays one answer, and notes what was asked."""

    def __init__(self, answer: Exchange) -> None:
        self._answer = answer
        self.asked = Asked("", b"")

    async def fetch(
        self,
        target: Target,
        body: bytes,
        receiver: Receiver,
        *,
        connect_timeout: float = 5.0,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.asked = Asked(target.head_with(headers, None).decode(), body)
        receiver.on_head(self._answer.status, self._answer.headers, _Flow())
        if self._answer.body:
            receiver.on_body(self._answer.body)


class Column(NamedTuple):
    """One of them."""

    title: str
    """Its name in the documentation."""
    model: str
    provider: Callable[[Any], Provider]
    """Makes it over such a client."""
    suffix: str = ".sse"
    """How the name of a recorded stream ends."""
    kind: str = "text/event-stream"
    dress: Callable[[bytes], bytes] = bytes
    """A recorded stream as it travels."""
    always_streams: bool = False
    """Whether an answer that is wanted whole is asked for in pieces too."""

    def ask(self, call: Call, answer: Exchange) -> tuple[Asked, list[AnyEvent]]:
        """What the upstream is asked for a call, and the events that its answer makes."""
        recorded, events = Recorded(answer), list[AnyEvent]()
        provider = self.provider(recorded)
        ask = Ask(run=RUN, call=call, model=self.model, created=CREATED, limits=Limits())

        def emit(news: Sequence[AnyEvent]) -> None:
            events.extend(news)

        try:
            asyncio.run(provider.run(ask, emit))
        except ProviderError as error:
            events.extend(error.events)
            # What the engine makes of it.
            events.append(Failed(error.code, error.message, error.status, error.kind, error.param, error.retry_after))
        return recorded.asked, events


def _service(base_url: str, endpoint: str, key_header: str = "authorization", **more: Any) -> Service:
    key = "Bearer KEY" if key_header == "authorization" else "KEY"
    return Service(
        name="up",
        base_url=base_url,
        headers={key_header: key},
        endpoints=frozenset({endpoint}),
        key_header=key_header,
        secrets=("KEY",),
        **more,
    )


_OPENAI = "https://api.openai.com/v1"
_CHAT = _service(_OPENAI, "chat", max_tokens_field="max_completion_tokens")
_RESPONSES = _service(_OPENAI, "responses")
_ANTHROPIC = _service("https://api.anthropic.com/v1", "messages", "x-api-key")
_GEMINI = _service("https://generativelanguage.googleapis.com/v1beta", "generate", "x-goog-api-key")
_BEDROCK = _service("https://bedrock-runtime.us-east-1.amazonaws.com", "converse")


def _in_frames(said: bytes) -> bytes:
    """Lines of JSON as Amazon's binary frames."""
    lines = [msgspec.json.decode(line) for line in said.splitlines()]
    told = [(name, payload) for line in lines for name, payload in line.items()]
    return b"".join((failure if name.endswith("Exception") else event)(name, payload) for name, payload in told)


COLUMNS: dict[str, Column] = {
    "openai_chat": Column("OpenAI chat", "gpt-5.2", lambda client: OpenAIProvider(_CHAT, client)),
    "openai_responses": Column("OpenAI Responses", "gpt-5.2", lambda client: OpenAIProvider(_RESPONSES, client)),
    "anthropic": Column(
        "Anthropic", "claude-opus-4-8", lambda client: AnthropicProvider(_ANTHROPIC, client), always_streams=True
    ),
    "gemini": Column("Gemini", "gemini-3-pro", lambda client: GeminiProvider(_GEMINI, client)),
    "bedrock": Column(
        "Bedrock",
        "us.anthropic.claude-opus-4-6-v1",
        lambda client: BedrockProvider(_BEDROCK, client, None),
        suffix=".jsonl",
        kind="application/vnd.amazon.eventstream",
        dress=_in_frames,
    ),
}


def pretty(body: bytes) -> bytes:
    """JSON on many lines, with every number as it is written and every key in its place."""
    return msgspec.json.format(body, indent=2) + b"\n"
