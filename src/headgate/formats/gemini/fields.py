"""
A generateContent request: its fields, read strictly, and sent on untouched.

The model and whether to stream stand in the request's path; a call of ours keeps them beside the
fields, under `model` and `stream`, so that a kept request can be read again.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from headgate.calls import Call
from headgate.errors import BadRequest
from headgate.formats import strict
from headgate.formats.gemini import names

NAME = "gemini.generate"

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Warmth: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=2)]
Word: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class Blob(msgspec.Struct, rename="camel"):
    """Bytes of some type, as base64."""

    data: str
    mime_type: str | None = None


class FileData(msgspec.Struct, rename="camel"):
    """Something that lies elsewhere."""

    file_uri: str
    mime_type: str | None = None


class FunctionCall(msgspec.Struct, rename="camel"):
    """A call of a function by the model."""

    name: Word
    args: dict[str, Any] | None = None
    id: str | None = None


class FunctionResponsePart(msgspec.Struct, rename="camel"):
    """A picture or a file that a function gave."""

    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(msgspec.Struct, rename="camel"):
    """What a function gave."""

    name: Word
    response: dict[str, Any] | None = None
    id: str | None = None
    parts: list[FunctionResponsePart] | None = None


class Part(msgspec.Struct, rename="camel"):
    """A piece of a turn; one of a kind that only a Gemini provider knows travels untouched."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: dict[str, Any] | None = None
    code_execution_result: dict[str, Any] | None = None


class RequestContent(msgspec.Struct, rename="camel"):
    """One turn of the conversation."""

    parts: Annotated[list[Part], msgspec.Meta(min_length=1)]
    role: Literal["user", "model", "function"] | None = None


class Instruction(msgspec.Struct, rename="camel"):
    """What the model is told before the conversation."""

    parts: list[Part]
    role: str | None = None


class FunctionDeclaration(msgspec.Struct, rename="camel"):
    """A function that the model may call; its schema in Google's words or as JSON Schema."""

    name: Word
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None


class GeminiTool(msgspec.Struct, rename="camel"):
    """Functions of the caller's, or a tool of Google's under a name of its own."""

    function_declarations: list[FunctionDeclaration] | None = None


class FunctionCallingConfig(msgspec.Struct, rename="camel"):
    """Whether functions may, must or must not be called."""

    mode: Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(msgspec.Struct, rename="camel"):
    function_calling_config: FunctionCallingConfig | None = None


class ThinkingConfig(msgspec.Struct, rename="camel"):
    """How much the model thinks, and whether it shows that."""

    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class GenerationConfig(msgspec.Struct, rename="camel"):
    """How the answer is made."""

    temperature: Warmth | None = None
    top_p: Share | None = None
    top_k: Annotated[float, msgspec.Meta(ge=0)] | None = None
    candidate_count: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    max_output_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    stop_sequences: list[str] | None = None
    seed: int | None = None
    presence_penalty: Annotated[float, msgspec.Meta(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, msgspec.Meta(ge=-2, le=2)] | None = None
    response_logprobs: bool | None = None
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    response_mime_type: str | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    response_modalities: list[str] | None = None
    thinking_config: ThinkingConfig | None = None


class SafetySetting(msgspec.Struct, rename="camel"):
    """From where on something harmful is blocked."""

    category: str
    threshold: str


class GeminiRequest(msgspec.Struct, rename="camel"):
    """
    What to answer, and how.

    Every name may also be written in snake case, and a single object stand for a list of one.
    Fields that are not here are Google's and travel untouched.
    """

    contents: Annotated[list[RequestContent], msgspec.Meta(min_length=1)]
    system_instruction: Instruction | None = None
    tools: list[GeminiTool] | None = None
    tool_config: ToolConfig | None = None
    generation_config: GenerationConfig | None = None
    safety_settings: list[SafetySetting] | None = None
    cached_content: str | None = None
    store: bool | None = None
    functions: strict.Functions | None = None
    fallbacks: strict.Fallbacks | None = None


class _Asked(GeminiRequest, rename="camel"):
    model: Word = ""
    stream: bool = False


_decoder = msgspec.json.Decoder(_Asked)
_TRUE, _FALSE = msgspec.Raw(b"true"), msgspec.Raw(b"false")


def asked(body: bytes, model: str, *, stream: bool) -> Call:
    """A request for a model; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    fields["model"] = msgspec.Raw(msgspec.json.encode(model))
    fields["stream"] = _TRUE if stream else _FALSE
    return read(msgspec.json.encode(fields))


def read(body: bytes) -> Call:
    """A request that says itself whom it asks, as calls are kept."""
    fields = strict.fields(body)
    regular = names.regular(fields)
    request = strict.decode(_decoder, msgspec.json.encode(regular))
    if not request.model:
        raise BadRequest("Missing required parameter: 'model'.", param="model", code="missing_required_parameter")
    _check(regular)
    options = request.generation_config or GenerationConfig()
    return Call(
        format=NAME,
        model=request.model,
        fields=fields,
        stream=request.stream,
        choices=options.candidate_count or 1,
        store=request.store is not False,
        fallbacks=tuple(request.fallbacks or ()),
        named=tuple(_named(request)) if request.tools or request.functions else (),
    )


def _named(request: GeminiRequest) -> Iterator[str]:
    """Functions of which nothing is said but the name."""
    yield from request.functions or ()
    for function in (each for tool in request.tools or () for each in tool.function_declarations or ()):
        if (function.description, function.parameters, function.parameters_json_schema) == _NOTHING:
            yield function.name


def _check(regular: dict[str, Any]) -> None:
    """Every part must hold something, be it of a kind that we do not know."""
    for index, content in enumerate(regular["contents"]):
        for at, part in enumerate(content["parts"]):
            if not any(value is not None for value in part.values()):
                where = f"contents[{index}].parts[{at}]"
                raise BadRequest(f"'{where}' is empty.", param=where, code="invalid_value")


def request_of(call: Call) -> tuple[GeminiRequest, dict[str, Any]]:
    """The request of a call that was found valid, typed and as it came but for its spelling."""
    regular = names.regular(call.fields)
    return strict.decode(_decoder, msgspec.json.encode(regular)), regular


_NOTHING = (None, None, None)
_OURS = frozenset({"model", "stream", "functions"})


def forward(call: Call) -> bytes:
    """The request for a provider of this format: every value as its bytes came."""
    return msgspec.json.encode({name: raw for name, raw in call.fields.items() if name not in _OURS})
