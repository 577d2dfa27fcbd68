"""One question, put in each of the dialects by its vendor's own SDK; and the answer, told in the same words."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from google.genai import types
from openai.lib.streaming.chat import ChatCompletionStreamState

from tests.e2e import claude, google, judges
from tests.serving import Serving

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
LIMIT = 200
"""Tokens that an answer may have, unless a question says otherwise."""


class Question(NamedTuple):
    """What is asked."""

    model: str
    words: str = "Hello"
    has_tool: bool = False
    """Whether `get_weather` may be called."""
    limit: int = LIMIT
    more: Mapping[str, Any] = MappingProxyType({})
    """Further fields of the body."""


class Said(NamedTuple):
    """What came back."""

    text: str
    thought: str
    calls: list[tuple[str, Any]]
    """Names of tools, and their arguments."""
    reason: str
    """Why it ended, in OpenAI's words: stop, length, tool_calls."""
    used: tuple[int, int]
    """Tokens of the question and of the answer."""


_CLIENTS = 16
"""How many are kept of each kind: to make one takes longer than what it is asked here."""


@lru_cache(_CLIENTS)
def _openai(url: str) -> Any:
    return judges.Sync(url).client()


@lru_cache(_CLIENTS)
def _anthropic(url: str) -> Any:
    return claude.Sync(url).client()


@lru_cache(_CLIENTS)
def _google(url: str) -> Any:
    return google.client(url)


Ask: TypeAlias = Callable[[Serving, Question, bool], Said]
"""Put a question, streamed or not."""


def chat(server: Serving, question: Question, stream: bool) -> Said:
    """POST /v1/chat/completions"""
    wanted: dict[str, Any] = {
        "model": question.model,
        "messages": [{"role": "user", "content": question.words}],
        "max_tokens": question.limit,
        "extra_body": dict(question.more),
    }
    if question.has_tool:
        wanted["tools"] = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
    client = _openai(server.url)
    if not stream:
        answer = client.chat.completions.create(**wanted)
        return _of_chat(answer.choices[0].message, answer.choices[0].finish_reason, answer.usage)
    wanted |= {"stream": True, "stream_options": {"include_usage": True}}
    state = ChatCompletionStreamState()
    chunks = list(client.chat.completions.create(**wanted))
    for chunk in chunks:
        state.handle_chunk(chunk)
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    deltas = [chunk.choices[0].delta for chunk in chunks[:-1]]
    assert [delta.role for delta in deltas if delta.role] == ["assistant"]
    final = state.current_completion_snapshot
    said = _of_chat(final.choices[0].message, final.choices[0].finish_reason, chunks[-1].usage)
    return said._replace(thought="".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas))


def _of_chat(message: Any, reason: str, usage: Any) -> Said:
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()]
    thought = getattr(message, "reasoning_content", None) or ""
    return Said(message.content or "", thought, calls, reason, (usage.prompt_tokens, usage.completion_tokens))


def completions(server: Serving, question: Question, stream: bool) -> Said:
    """POST /v1/completions"""
    wanted: dict[str, Any] = {"model": question.model, "prompt": question.words, "max_tokens": question.limit}
    wanted["extra_body"] = dict(question.more)
    client = _openai(server.url)
    if stream:
        wanted |= {"stream": True, "stream_options": {"include_usage": True}}
        *chunks, last = client.completions.create(**wanted)
        assert all(chunk.usage is None for chunk in chunks)
        text, reason = "".join(chunk.choices[0].text for chunk in chunks), chunks[-1].choices[0].finish_reason
        usage = last.usage
    else:
        answer = client.completions.create(**wanted)
        text, reason, usage = answer.choices[0].text, answer.choices[0].finish_reason, answer.usage
    return Said(text, "", [], reason, (usage.prompt_tokens, usage.completion_tokens))


def responses(server: Serving, question: Question, stream: bool) -> Said:
    """POST /v1/responses"""
    wanted: dict[str, Any] = {"model": question.model, "input": question.words, "max_output_tokens": question.limit}
    wanted["extra_body"] = dict(question.more)
    if question.has_tool:
        wanted["tools"] = [{"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}]
    client = _openai(server.url)
    if not stream:
        return _of_response(client.responses.create(**wanted))
    events = list(client.responses.create(stream=True, **wanted))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    last = events.pop()
    assert last.type in ("response.completed", "response.incomplete")
    said = _of_response(last.response)
    assert said.text == "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said.thought == "".join(event.delta for event in events if event.type in _THOUGHTS)
    return said


_THOUGHTS = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")


def _of_response(response: Any) -> Said:
    calls = [(item.name, json.loads(item.arguments)) for item in response.output if item.type == "function_call"]
    thoughts = [item for item in response.output if item.type == "reasoning"]
    thought = "".join(part.text for item in thoughts for part in (item.content or item.summary))
    reason = "tool_calls" if calls else "stop"
    if response.status == "incomplete":
        reason = {"max_output_tokens": "length"}[response.incomplete_details.reason]
    usage = response.usage
    return Said(response.output_text, thought, calls, reason, (usage.input_tokens, usage.output_tokens))


_STOPS = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}


def messages(server: Serving, question: Question, stream: bool) -> Said:
    """POST /anthropic/v1/messages"""
    wanted: dict[str, Any] = {
        "model": question.model,
        "max_tokens": question.limit,
        "messages": [{"role": "user", "content": question.words}],
        "extra_body": dict(question.more),
    }
    if question.has_tool:
        wanted["tools"] = [{"name": "get_weather", "input_schema": SCHEMA}]
    client = _anthropic(server.url)
    if stream:
        with client.messages.stream(**wanted) as events:
            assert [event.type for event in events].count("message_stop") == 1
            answer = events.get_final_message()
    else:
        answer = client.messages.create(**wanted)
    text = "".join(block.text for block in answer.content if block.type == "text")
    thought = "".join(block.thinking for block in answer.content if block.type == "thinking")
    calls = [(block.name, block.input) for block in answer.content if block.type == "tool_use"]
    usage = answer.usage
    asked = usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return Said(text, thought, calls, _STOPS[answer.stop_reason], (asked, usage.output_tokens))


def generate(server: Serving, question: Question, stream: bool) -> Said:
    """POST /genai/v1beta/models/{model}:generateContent"""
    declared = types.FunctionDeclaration(name="get_weather", parameters_json_schema=SCHEMA)
    config = types.GenerateContentConfig(
        max_output_tokens=question.limit,
        tools=[types.Tool(function_declarations=[declared])] if question.has_tool else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(include_thoughts=True),
        http_options=types.HttpOptions(extra_body=dict(question.more)) if question.more else None,
    )
    wanted: dict[str, Any] = {"model": question.model, "contents": question.words, "config": config}
    models = _google(server.url).models
    if stream:
        return _of_chunks(list(models.generate_content_stream(**wanted)))
    return _of_chunks([models.generate_content(**wanted)])


def _of_chunks(chunks: list[Any]) -> Said:
    parts: list[Any] = [part for chunk in chunks for part in chunk.candidates[0].content.parts or ()]
    calls = [(part.function_call.name, part.function_call.args) for part in parts if part.function_call]
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates[0].finish_reason]
    assert len(reasons) == 1
    reason = "tool_calls" if calls else {"STOP": "stop", "MAX_TOKENS": "length"}[reasons[0].name]
    usage = chunks[-1].usage_metadata
    used = (usage.prompt_token_count, (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0))
    return Said(_joined(parts, thought=False), _joined(parts, thought=True), calls, reason, used)


def _joined(parts: Iterable[Any], *, thought: bool) -> str:
    return "".join(part.text for part in parts if part.text and bool(part.thought) == thought)


ASKS: dict[str, Ask] = {
    "chat": chat,
    "completions": completions,
    "responses": responses,
    "messages": messages,
    "generate": generate,
}
