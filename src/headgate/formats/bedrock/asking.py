"""A request of any format, asked as Bedrock's Converse."""

import hashlib
import re
from typing import Any

import msgspec

from headgate.calls import (
    AudioPart,
    Fields,
    FilePart,
    ImagePart,
    Message,
    Part,
    Prompt,
    RefusalPart,
    TextPart,
    Tool,
    ToolUse,
)
from headgate.formats import openai, strict
from headgate.formats.anthropic import schemas
from headgate.formats.anthropic.content import input_object
from headgate.formats.bedrock import media, models

_OWN = frozenset(
    {
        "additionalModelRequestFields",
        "additionalModelResponseFieldPaths",
        "guardrailConfig",
        "outputConfig",
        "performanceConfig",
        "promptVariables",
        "requestMetadata",
        "serviceTier",
    }
)
"""Fields of this format's own, which clients of others may send for it."""

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
"""Fields that make tokens."""

_TIERS = ("default", "flex", "priority")
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_.:-]")
_MAX_ID = 64

NO_RESULT = "(no output)"
"""What stands for a tool's result without a word, which would be refused."""

SEE_DOCUMENT = "See the attached document."
"""What stands beside documents that came without a word, which would be refused."""

_CACHE_POINT = {"cachePoint": {"type": "default"}}

Json = dict[str, Any]


def request(prompt: Prompt, model: str) -> bytes:
    """
    The prompt as a Converse request; what was not said is left out.

    Raises BadRequest for what Converse cannot be asked: several choices, penalties, biases, probabilities,
    pictures that would have to be fetched. Hints it has no word for (seed, user, metadata, verbosity,
    parallel_tool_calls) are dropped.
    """
    _refuse_unsayable(prompt)
    messages, system = _messages(prompt, model)
    body: Json = {"messages": messages}
    if system:
        body["system"] = system
    if tools := _tools(prompt):
        body["toolConfig"] = tools
    thought = models.thinking(prompt, model)
    if config := _inference(prompt, model, thought):
        body["inferenceConfig"] = config
    if "stopSequences" in config and models.is_claude(model):
        # Which of them it was: the first is where a whole answer has it, the other where a stream does.
        body["additionalModelResponseFieldPaths"] = ["/stop_sequence", "/delta/stop_sequence"]
    if prompt.service_tier in _TIERS:
        body["serviceTier"] = {"type": prompt.service_tier}
    if output := _output(prompt, thought):
        body["outputConfig"] = output
    if thought.fields:
        body["additionalModelRequestFields"] = thought.fields
    if prompt.may_cache and models.caches(model):
        _mark_for_cache(body, model)
    return msgspec.json.encode(_with_own(body, prompt))


def count_request(prompt: Prompt, model: str) -> bytes:
    """The same, to be counted and not to be answered."""
    asked = msgspec.json.decode(request(prompt, model), type=Fields)
    counted = {name: asked[name] for name in _COUNTED if name in asked}
    return msgspec.json.encode({"input": {"converse": counted}})


def _with_own(body: Json, prompt: Prompt) -> Json:
    """With what the client says in Converse's own words; those of the model are added to ours."""
    own = {name: msgspec.json.decode(raw) for name, raw in prompt.extra.items() if name in _OWN}
    ours, theirs = body.get("additionalModelRequestFields"), own.get("additionalModelRequestFields")
    if isinstance(ours, dict) and isinstance(theirs, dict):
        own["additionalModelRequestFields"] = {**ours, **theirs}
    return {**body, **own}


def _refuse_unsayable(prompt: Prompt) -> None:
    openai.no_choices_over_one(prompt.choices or 1, "this provider")
    unsayable = {
        "logit_bias": prompt.logit_bias,
        "presence_penalty": prompt.presence_penalty,
        "frequency_penalty": prompt.frequency_penalty,
        "logprobs": prompt.logprobs is not None,
    }
    for param, value in unsayable.items():
        if value:
            raise strict.unsupported(param, "is not known to this provider's API.")


def _inference(prompt: Prompt, model: str, thought: models.Thinking) -> Json:
    """How much is said, and how freely."""
    is_free = not thought.forbids_freedom
    # Newer models of Anthropic's take only one of the two.
    both = not models.is_claude(model) or prompt.temperature is None
    said = {
        "maxTokens": None if thought.forbids_limit else thought.max_tokens or prompt.max_tokens or None,
        "temperature": min(prompt.temperature, 1.0) if is_free and prompt.temperature is not None else None,
        "topP": prompt.top_p if is_free and both else None,
        "stopSequences": [stop for stop in prompt.stop if stop.strip()] or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _output(prompt: Prompt, thought: models.Thinking) -> Json:
    said: Json = {"effort": thought.effort} if thought.effort else {}
    match prompt.response_schema:
        case None | {"type": "text"}:
            return said
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)} as format}:
            # The schema goes as text.
            told: Json = {
                "schema": msgspec.json.encode(schemas.closed(schema)).decode(),
                "name": format.get("name") or "answer",
            }
            if format.get("description"):
                told["description"] = format["description"]
            return {**said, "textFormat": {"type": "json_schema", "structure": {"jsonSchema": told}}}
        case {"type": type}:
            raise strict.unsupported("response_format", f"of type '{type}' is not known to this provider's API.")
        case _:
            raise strict.unsupported("response_format", "of this form is not known to this provider's API.")


def _messages(prompt: Prompt, model: str) -> tuple[list[Json], list[Json]]:
    """The turns, and the instruction before them; neighbours of one role become one turn."""
    system: list[Json] = []
    turns: list[Json] = []
    documents = 0
    for message in prompt.messages:
        if message.role in ("system", "developer"):
            system += [
                {"text": part.text} for part in message.parts if isinstance(part, TextPart) and part.text.strip()
            ]
            continue
        role = "assistant" if message.role == "assistant" else "user"
        thoughts = _thoughts(message) if models.takes_thoughts(model) else []
        blocks = _result(message, documents) if message.role == "tool" else thoughts + _blocks(message, documents)
        documents += sum(isinstance(part, FilePart) for part in message.parts)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if not turns:
        # Nobody asks anything: the instruction is the question.
        return [{"role": "user", "content": system}], []
    _settle(turns)
    return turns, system


def _settle(turns: list[Json]) -> None:
    """Put right what would be refused: words to go on from that end in a space, documents without a word."""
    last = turns[-1]["content"][-1]
    if turns[-1]["role"] == "assistant" and "text" in last:
        last["text"] = last["text"].rstrip()
    for turn in turns:
        kinds = {kind for block in turn["content"] for kind in block}
        if "document" in kinds and not {"text", "toolResult"} & kinds:
            turn["content"].append({"text": SEE_DOCUMENT})


def _thoughts(message: Message) -> list[Json]:
    return [
        {"reasoningContent": {"redactedContent": thought.redacted}}
        if thought.redacted
        else {"reasoningContent": {"reasoningText": {"text": thought.text, "signature": thought.signature}}}
        for thought in message.thoughts
    ]


def _blocks(message: Message, documents: int) -> list[Json]:
    blocks: list[Json] = []
    for part in message.parts:
        if isinstance(part, TextPart | RefusalPart) and not part.text.strip():
            continue  # Refused as blank.
        documents += isinstance(part, FilePart)
        blocks.append(_block(part, documents))
    return blocks + [_call(use) for use in message.calls]


def _block(part: Part, documents: int) -> Json:
    match part:
        case TextPart(text) | RefusalPart(text):
            return {"text": text}
        case ImagePart():
            return media.picture(part)
        case AudioPart():
            return media.sound(part)
        case FilePart():
            return media.file(part, documents)


def _call(use: ToolUse) -> Json:
    input = {"input": use.input} if use.kind == "custom" else input_object(use.input)
    return {"toolUse": {"toolUseId": _id(use.id), "name": use.name, "input": input}}


def _result(message: Message, documents: int) -> list[Json]:
    content = _blocks(message, documents) or [{"text": NO_RESULT}]
    result: Json = {"toolUseId": _id(message.call_id or ""), "content": content}
    return [{"toolResult": result | ({"status": "error"} if message.is_error else {})}]


def _id(id: str) -> str:
    """An id that is not refused for its letters or its length; the same for a call and for its result."""
    plain = _NOT_IN_IDS.sub("_", id) or "_"
    if len(plain) <= _MAX_ID:
        return plain
    return plain[: _MAX_ID - 17] + "_" + hashlib.sha256(id.encode()).hexdigest()[:16]


def _tools(prompt: Prompt) -> Json:
    """
    The tools, which a conversation with calls in it must have, whether they are offered again or not.

    There is no word for `none`: then they are left out, or told only as the calls make it necessary.
    """
    choice = prompt.tool_choice
    tools = () if choice == "none" else prompt.tools
    if not tools:
        called = dict.fromkeys(use.name for message in prompt.messages for use in message.calls)
        known = {tool.name: tool for tool in prompt.tools}
        tools = tuple(known.get(name) or Tool(name) for name in called)
    if not tools:
        return {}
    said: Json = {"tools": [_tool(tool) for tool in tools]}
    if choice == "required":
        said["toolChoice"] = {"any": {}}
    elif choice == "auto":
        said["toolChoice"] = {"auto": {}}
    elif choice is not None and choice.startswith("="):
        said["toolChoice"] = {"tool": {"name": choice[1:]}}
    return said


def _tool(tool: Tool) -> Json:
    schema = {"type": "object", **(tool.schema or {"properties": {}})}
    said: Json = {"name": tool.name, "description": tool.description or None, "inputSchema": {"json": schema}}
    if tool.strict:
        said["strict"] = True
    return {"toolSpec": {name: value for name, value in said.items() if value is not None}}


def _mark_for_cache(body: Json, model: str) -> None:
    """Ask to remember the tools, the instruction and the conversation so far; the last mark alone finds them all."""
    if models.is_claude(model) and "toolConfig" in body:
        body["toolConfig"]["tools"].append(_CACHE_POINT)
    if "system" in body:
        body["system"].append(_CACHE_POINT)
    if body["messages"][-1]["role"] == "user":
        body["messages"][-1]["content"].append(_CACHE_POINT)
