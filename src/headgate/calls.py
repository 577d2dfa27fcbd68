"""
What was asked, in our own terms.

A dialect reads a request into a `Call`. A provider that speaks the same format sends its
`fields` on as they came, so that a vendor's own parameters survive; any other provider asks
the format for the `Prompt`: the same request taken apart into words that every format knows.
"""

from typing import Any, Literal, TypeAlias

import msgspec

Fields: TypeAlias = dict[str, msgspec.Raw]
"""The top level of a JSON request, each value as the bytes it came in."""


class Upload(msgspec.Struct, frozen=True):
    """A file that came with a request; it lies on disk until its run is over."""

    path: str
    name: str
    """As the client calls it; nothing to open anything by."""
    type: str
    """What the client says that it is, as a MIME type; "" where it does not."""
    size: int


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, read and found valid."""

    format: str
    """The format it was asked in: openai.chat, openai.completions, openai.responses, anthropic.messages ..."""
    model: str
    """As the client wrote it: provider/model, an alias, or a bare name."""
    fields: Fields
    stream: bool = False
    choices: int = 1
    """How many answers were asked for."""
    include_usage: bool = False
    """Whether a streamed chat asked for OpenAI's separate usage chunk."""
    store: bool = True
    """False keeps the run in memory only."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers of the request that belong to its format, for a provider that speaks the same one; never a key."""
    fallbacks: tuple[str, ...] = ()
    """The models to ask when the one that was asked for fails."""
    upload: Upload | None = None
    named: tuple[str, ...] = ()
    """Tools and functions of which the request says nothing but the name: the server may have them."""
    added: "Added | None" = None
    """What the server puts to it; not in `fields`."""


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    """Words."""

    text: str


class ImagePart(msgspec.Struct, frozen=True, tag="image"):
    """A picture: a URL, `data:` included."""

    url: str
    detail: str | None = None


class AudioPart(msgspec.Struct, frozen=True, tag="audio"):
    """A sound, base64."""

    data: str
    format: str


class FilePart(msgspec.Struct, frozen=True, tag="file"):
    """A document: its id at the provider, or its content as a `data:` URL, or where it lies."""

    id: str | None = None
    name: str | None = None
    data: str | None = None
    url: str | None = None


class RefusalPart(msgspec.Struct, frozen=True, tag="refusal"):
    """An earlier refusal of the model."""

    text: str


Part: TypeAlias = TextPart | ImagePart | AudioPart | FilePart | RefusalPart


class ToolUse(msgspec.Struct, frozen=True):
    """An earlier call of a tool by the model."""

    id: str
    name: str
    input: str
    kind: Literal["function", "custom"] = "function"
    signature: str = ""
    """What the provider that made it wants back with it, and nobody else."""


class Thought(msgspec.Struct, frozen=True):
    """What the model thought before it spoke, signed by the provider that alone can read it."""

    text: str = ""
    signature: str = ""
    redacted: str = ""
    """In place of both, where it is not to be read."""


class Message(msgspec.Struct, frozen=True):
    """One turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    parts: tuple[Part, ...]
    name: str | None = None
    calls: tuple[ToolUse, ...] = ()
    call_id: str | None = None
    """Which `ToolUse` a tool's message answers."""
    thoughts: tuple[Thought, ...] = ()
    """Those that came before this turn of the assistant's, for the few who want them back."""
    is_error: bool = False
    """Of a tool's message: it says what went wrong."""


class Tool(msgspec.Struct, frozen=True):
    """A tool that the model may call; the client runs it, or the server."""

    name: str
    description: str | None = None
    schema: dict[str, Any] | None = None
    """JSON Schema of the input."""
    strict: bool | None = None


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """A request in words that every format knows; None means: not said."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    """auto, none, required, or `=NAME` for one tool that must be called."""
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: int | None = None
    """How many alternatives to log for each token; 0 logs the chosen ones only."""
    reasoning_effort: str | None = None
    response_schema: dict[str, Any] | None = None
    """OpenAI chat's `response_format` object."""
    verbosity: str | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    may_cache: bool = False
    """Whether the client asks the provider to remember how the conversation began."""
    for_claude: Fields = {}
    """What a request in Anthropic's format says to Anthropic's models alone, wherever they are served."""
    extra: Fields = {}
    """Fields of the request that have no word of ours, for a provider of a kindred format to take as they are."""


class Turn(msgspec.Struct, frozen=True):
    """A round of an answer that ended with calls of functions, which the server has executed."""

    said: Message
    """What the model said, with its calls."""
    results: tuple[Message, ...]
    format: str = ""
    """The wire format its provider spoke."""
    raw: bytes = b""
    """The same in that format's terms, as JSON: such a provider gets back what it said itself."""


class Added(msgspec.Struct, frozen=True):
    """What a call gets from the server, beside what the client asked."""

    tools: tuple[Tool, ...] = ()
    """Functions that the server executes."""
    instruction: str = ""
    """What the model is told before the conversation."""
    turns: tuple[Turn, ...] = ()
    """What was said since the client asked."""
    may_call: bool = True
    """False where the model has called functions as often as it may, and is to answer without."""
