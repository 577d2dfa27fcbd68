"""The four dialects through their vendors' own clients, streamed and whole: what each sees, in the same words."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from google.genai import types

from tests.e2e import claude, google, judges


class Seen(NamedTuple):
    """What a client sees of an answer."""

    text: str
    calls: list[str] | None
    """The functions that were executed, with what came of each; None where clients are not told."""
    asked: list[str]
    """The tools that the client is to run."""
    reason: str
    total: int
    """Tokens."""


class Face(Protocol):
    """One dialect."""

    def ask(
        self, url: str, model: str, words: str, functions: Sequence[str], *, streamed: bool, tools: Sequence[str] = ()
    ) -> Seen:
        """One question."""


SCHEMA: dict[str, Any] = {"type": "object", "properties": {"place": {"type": "string"}}}


class Chat:
    """OpenAI's chat."""

    def ask(
        self, url: str, model: str, words: str, functions: Sequence[str], *, streamed: bool, tools: Sequence[str] = ()
    ) -> Seen:
        own = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in tools]
        asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": words}]}
        asked |= {"tools": own} if own else {}
        asked |= {"extra_body": {"functions": list(functions)}} if functions else {}
        judge = judges.Sync(url)
        if streamed:
            asked |= {"stream_options": {"include_usage": True}}
            _, answer = judge.helper(lambda client: client.chat.completions.stream(**asked), "get_final_completion")
        else:
            answer = judge.whole(lambda client: client.chat.completions.create(**asked))
        choice = answer.choices[0]
        calls = [call.function.name for call in choice.message.tool_calls or ()]
        return Seen(choice.message.content or "", None, calls, choice.finish_reason, answer.usage.total_tokens)


class Responses:
    """OpenAI's Responses."""

    def ask(
        self, url: str, model: str, words: str, functions: Sequence[str], *, streamed: bool, tools: Sequence[str] = ()
    ) -> Seen:
        own = [{"type": "function", "name": name, "parameters": SCHEMA} for name in tools]
        asked: dict[str, Any] = {"model": model, "input": words, **({"tools": own} if own else {})}
        asked |= {"extra_body": {"functions": list(functions)}} if functions else {}
        judge = judges.Sync(url)
        if streamed:
            _, answer = judge.helper(lambda client: client.responses.stream(**asked), "get_final_response")
        else:
            answer = judge.whole(lambda client: client.responses.create(**asked))
        executed = [item for item in answer.output if item.type == "mcp_call"]
        assert all(item.server_label == "headgate" for item in executed)
        calls = [f"{item.name}({item.arguments}) = {_came_of(item)}" for item in executed]
        said = [item.name for item in answer.output if item.type == "function_call"]
        return Seen(answer.output_text, calls, said, answer.status, answer.usage.total_tokens)


class Anthropic:
    """Anthropic's Messages."""

    def ask(
        self, url: str, model: str, words: str, functions: Sequence[str], *, streamed: bool, tools: Sequence[str] = ()
    ) -> Seen:
        own = [{"name": name, "input_schema": SCHEMA} for name in tools]
        asked: dict[str, Any] = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": words}]}
        asked |= {"tools": own} if own else {}
        asked |= {"extra_body": {"functions": list(functions)}} if functions else {}
        judge = claude.Sync(url)
        if streamed:
            _, answer = judge.helper(lambda client: client.beta.messages.stream(**asked))
        else:
            answer = judge.whole(lambda client: client.beta.messages.create(**asked))
        results = {block.tool_use_id: block for block in answer.content if block.type == "mcp_tool_result"}
        calls = [
            f"{block.name}({json.dumps(block.input)}) = {_words(results[block.id].content)}"
            for block in answer.content
            if block.type == "mcp_tool_use"
        ]
        text = "".join(block.text for block in answer.content if block.type == "text")
        said = [block.name for block in answer.content if block.type == "tool_use"]
        total = answer.usage.input_tokens + answer.usage.output_tokens
        return Seen(text, calls, said, answer.stop_reason, total)


class Gemini:
    """Google's generateContent."""

    def ask(
        self, url: str, model: str, words: str, functions: Sequence[str], *, streamed: bool, tools: Sequence[str] = ()
    ) -> Seen:
        own = [types.FunctionDeclaration(name=name, parameters_json_schema=SCHEMA) for name in tools]
        extra = types.HttpOptions(extra_body={"functions": list(functions)}) if functions else None
        config = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=own)] if own else None,
            http_options=extra,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        judge = google.Sync(url)
        asked: dict[str, Any] = {"model": model, "contents": words, "config": config}
        if streamed:
            chunks = judge.pieces(lambda client: client.generate_content_stream(**asked))
        else:
            chunks = [judge.whole(lambda client: client.generate_content(**asked))]
        parts = [part for chunk in chunks for part in (chunk.candidates[0].content.parts or ())]
        text = "".join(part.text for part in parts if part.text)
        said = [part.function_call.name for part in parts if part.function_call]
        last = chunks[-1]
        return Seen(text, None, said, last.candidates[0].finish_reason.value, last.usage_metadata.total_token_count)


FACES: dict[str, Face] = {"chat": Chat(), "responses": Responses(), "anthropic": Anthropic(), "gemini": Gemini()}


def _came_of(item: Any) -> str:
    if item.status == "completed":
        return str(item.output)
    assert (item.status, item.error.type) == ("failed", "mcp_tool_execution_error")
    return str(item.error.content[0]["text"])


def _words(content: Any) -> str:
    return content if isinstance(content, str) else "".join(block.text for block in content)
