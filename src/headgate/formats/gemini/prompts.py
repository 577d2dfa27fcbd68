"""A generateContent request taken apart, for providers that do not speak Gemini."""

from typing import Any

import msgspec

from headgate.calls import AudioPart, Call, FilePart, ImagePart, Message, Prompt, TextPart, Tool, ToolUse
from headgate.calls import Part as PromptPart
from headgate.errors import BadRequest
from headgate.formats import strict
from headgate.formats.gemini import schemas
from headgate.formats.gemini.fields import (
    Blob,
    FileData,
    FunctionResponse,
    GeminiRequest,
    GenerationConfig,
    Part,
    RequestContent,
    ThinkingConfig,
    request_of,
)

_NOT_THERE = "cannot be sent to this provider."

_SOUNDS = {"wav": "wav", "x-wav": "wav", "wave": "wav", "mpeg": "mp3", "mp3": "mp3"}
"""What OpenAI calls the kinds of sound that it takes."""

_BUDGETS = (("minimal", 0), ("low", 1024), ("medium", 8192))
"""How many tokens of thought each word stands for at most, as Google's own OpenAI endpoint has it."""

_OURS = frozenset({"functionDeclarations"})


def prompt(call: Call) -> Prompt:
    """
    The request in words that every format knows.

    Raises BadRequest for what they cannot say: tools of Google's, files that lie at Google. What is a
    mere hint (safety settings, topK, thoughts of the model with their signatures) is left out.
    """
    request, regular = request_of(call)
    if request.cached_content is not None:
        raise strict.unsupported("cachedContent", _NOT_THERE)
    options = request.generation_config or GenerationConfig()
    _check_modalities(options)
    system = [TextPart(part.text) for part in _instruction(request) if part.text]
    said: list[Message] = [Message("system", tuple(system))] if system else []
    return Prompt(
        messages=tuple(said + _Conversation().read(request.contents)),
        tools=_tools(request, regular),
        tool_choice=_tool_choice(request),
        max_tokens=options.max_output_tokens,
        temperature=options.temperature,
        top_p=options.top_p,
        stop=tuple(options.stop_sequences or ()),
        seed=options.seed,
        choices=options.candidate_count,
        presence_penalty=options.presence_penalty,
        frequency_penalty=options.frequency_penalty,
        logprobs=(options.logprobs or 0) if options.response_logprobs else None,
        reasoning_effort=_effort(options.thinking_config),
        response_schema=_response_schema(options),
    )


def _instruction(request: GeminiRequest) -> list[Part]:
    return [] if request.system_instruction is None else request.system_instruction.parts


class _Conversation:
    """The turns, with every function's response led back to its call."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._calls = 0
        self._unanswered: list[ToolUse] = []

    def read(self, contents: list[RequestContent]) -> list[Message]:
        """All of them as messages."""
        for index, content in enumerate(contents):
            where = f"contents[{index}].parts"
            if content.role == "model":
                self._model(content.parts, where)
            else:
                self._user(content.parts, where)
        return self._messages

    def _model(self, parts: list[Part], where: str) -> None:
        texts: list[PromptPart] = []
        uses: list[ToolUse] = []
        for at, part in enumerate(parts):
            if part.function_call is not None:
                self._calls += 1
                call = part.function_call
                arguments = msgspec.json.encode(call.args or {}).decode()
                uses.append(ToolUse(call.id or f"call_{self._calls}", call.name, arguments))
            elif part.text and not part.thought:
                texts.append(TextPart(part.text))
            elif part.text is None and part.inline_data is None and part.thought_signature is None:
                raise strict.unsupported(f"{where}[{at}]", _NOT_THERE)
        self._unanswered += uses
        if texts or uses:
            self._messages.append(Message("assistant", tuple(texts), calls=tuple(uses)))

    def _user(self, parts: list[Part], where: str) -> None:
        said: list[PromptPart] = []
        for at, part in enumerate(parts):
            place = f"{where}[{at}]"
            if part.function_response is not None:
                response = part.function_response
                use = self._answered(response, f"{place}.functionResponse")
                # The key that Google's documentation gives to errors.
                is_error = (response.response or {}).keys() == {"error"}
                self._messages.append(Message("tool", _given(response, place), call_id=use.id, is_error=is_error))
            else:
                said.append(_part(part, place))
        if said:
            self._messages.append(Message("user", tuple(said)))

    def _answered(self, response: FunctionResponse, where: str) -> ToolUse:
        """The call it answers: that with its id, or else the first of its name that waits for an answer."""
        found = [use for use in self._unanswered if response.id and use.id == response.id]
        found = found or [use for use in self._unanswered if use.name == response.name]
        if not found:
            raise BadRequest(
                f"'{where}' answers no call of '{response.name[:100]}' before it.", param=where, code="invalid_value"
            )
        self._unanswered.remove(found[0])
        return found[0]


def _given(response: FunctionResponse, where: str) -> tuple[PromptPart, ...]:
    said: list[PromptPart] = [TextPart(msgspec.json.encode(response.response or {}).decode())]
    for at, part in enumerate(response.parts or ()):
        place = f"{where}.functionResponse.parts[{at}]"
        said.append(_part(Part(inline_data=part.inline_data, file_data=part.file_data), place))
    return tuple(said)


def _part(part: Part, where: str) -> PromptPart:
    match part:
        case Part(text=str(text)):
            return TextPart(text)
        case Part(inline_data=Blob() as blob):
            return _inline(blob, where)
        case Part(file_data=FileData() as file):
            return _elsewhere(file, where)
        case _:
            raise strict.unsupported(where, _NOT_THERE)


def _inline(blob: Blob, where: str) -> PromptPart:
    kind = (blob.mime_type or "").lower()
    family, _, rest = kind.partition("/")
    url = f"data:{kind or 'application/octet-stream'};base64,{_plain_base64(blob.data)}"
    match family:
        case "image":
            return ImagePart(url)
        case "audio":
            return AudioPart(_plain_base64(blob.data), _SOUNDS.get(rest, rest))
        case "video":
            raise strict.unsupported(f"{where}.inlineData", f"of type '{kind[:100]}' {_NOT_THERE}")
        case _:
            return FilePart(name="file.pdf" if rest == "pdf" else "file", data=url)


def _elsewhere(file: FileData, where: str) -> PromptPart:
    place, uri = f"{where}.fileData", file.file_uri
    if not uri.startswith(("http://", "https://")) or "://generativelanguage.googleapis.com/" in uri:
        raise strict.unsupported(f"{place}.fileUri", "lies at Google, where this provider cannot read it.")
    if (file.mime_type or "image/").startswith("image/"):
        return ImagePart(uri)
    return FilePart(url=uri)


def _plain_base64(data: str) -> str:
    """Google takes the alphabet of URLs too."""
    return data.replace("-", "+").replace("_", "/")


def _tools(request: GeminiRequest, regular: dict[str, Any]) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for index, tool in enumerate(request.tools or ()):
        for name, value in regular["tools"][index].items():
            if name not in _OURS and value is not None:
                raise strict.unsupported(f"tools[{index}].{name}", "is a tool of Google's, which this provider lacks.")
        for declared in tool.function_declarations or ():
            schema = declared.parameters_json_schema
            if schema is None and declared.parameters is not None:
                schema = schemas.from_google(declared.parameters)
            tools.append(Tool(declared.name, declared.description, schema))
    return tuple(tools)


def _tool_choice(request: GeminiRequest) -> str | None:
    config = request.tool_config.function_calling_config if request.tool_config is not None else None
    if config is None or config.mode is None:
        return None
    names = config.allowed_function_names or []
    match config.mode:
        case "NONE":
            return "none"
        case "ANY" if len(names) == 1:
            return f"={names[0]}"
        case "ANY":
            return "required"
        case _:
            return "auto"


def _effort(config: ThinkingConfig | None) -> str | None:
    if config is None:
        return None
    if config.thinking_level is not None:
        word = config.thinking_level.lower()
        return None if word == "thinking_level_unspecified" else word
    budget = config.thinking_budget
    if budget is None or budget < 0:
        return None
    return next((word for word, most in _BUDGETS if budget <= most), "high")


def _response_schema(options: GenerationConfig) -> dict[str, Any] | None:
    """Chat's `response_format`."""
    kind = options.response_mime_type
    if kind in (None, "text/plain"):
        return None
    if kind != "application/json":
        raise strict.unsupported("generationConfig.responseMimeType", f"'{(kind or '')[:100]}' {_NOT_THERE}")
    schema = options.response_json_schema
    if schema is None and options.response_schema is not None:
        schema = schemas.from_google(options.response_schema)
    if schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "response", "schema": schema}}


def _check_modalities(options: GenerationConfig) -> None:
    for index, modality in enumerate(options.response_modalities or ()):
        if modality.upper() not in ("TEXT", "MODALITY_UNSPECIFIED"):
            where = f"generationConfig.responseModalities[{index}]"
            raise strict.unsupported(where, f"'{modality[:100]}' cannot be had from this provider.")
