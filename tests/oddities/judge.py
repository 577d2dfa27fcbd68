"""
A strict client of chat completions and text completions.

It takes nothing but OpenAI's exact shape: whatever a lenient client might forgive makes it raise
`Unfit`. What it returns is what its user would see.
"""

import json
from typing import Any

from tests.oddities.client import Answer
from tests.oddities.verdict import (
    Choice,
    Failed,
    Json,
    Said,
    ToolCall,
    checked_error,
    failure,
    fit,
    frames,
    need,
    same_everywhere,
    strict_json,
    usage_of,
)

DONE = "[DONE]"


def chat_stream(answer: Answer, *, include_usage: bool) -> Said | Failed:
    """A streamed chat completion."""
    if answer.status != 200:
        return failure(answer)
    chunks, error = _chunks(answer)
    speakers: dict[int, _Speaker] = {}
    for chunk in chunks:
        fit(_without_custom_calls(chunk), "CreateChatCompletionStreamResponse")
        _check_frame(chunk)
        for choice in chunk["choices"]:
            index = choice["index"]
            if index not in speakers:
                need(index == len(speakers), f"choice {index} begins after {len(speakers)}")
                speakers[index] = _Speaker()
            speakers[index].add(choice)
    choices = tuple(speakers[index].choice(is_whole=error is None) for index in sorted(speakers))
    if error is not None:
        return Failed(200, error, answer.headers, choices)
    need(choices, "a stream without a choice")
    return Said(choices, _stream_usage(chunks, include_usage, is_chat=True), chunks)


def _chunks(answer: Answer) -> tuple[list[Json], Json | None]:
    """The chunks of a stream, and the error that ended it."""
    data = frames(answer)
    need(data, "an empty stream")
    if data[-1] != DONE:
        last = strict_json(data.pop())
        need(last.keys() == {"error"}, f"a stream that ends with {json.dumps(last)[:200]}")
        need(not answer.is_whole, "a broken stream with a clean end")
        error = checked_error(last["error"])
    else:
        need(answer.is_whole, "a stream that was cut after [DONE]")
        data.pop()
        error = None
    chunks = [strict_json(text) for text in data]
    same_everywhere(chunks, "id", "created", "model", "system_fingerprint", "object")
    return chunks, error


def _without_custom_calls(chunk: Json) -> Json:
    """The specification forgot them in streams; OpenAI sends them like functions, with `input`."""
    calls = [call for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", ())]
    if not any("custom" in call for call in calls):
        return chunk
    (choice,) = chunk["choices"]
    return {**chunk, "choices": [{**choice, "delta": {**choice["delta"], "tool_calls": []}}]}


def _check_frame(chunk: Json) -> None:
    need(chunk["id"], "an empty id")
    need(chunk["model"], "an empty model")
    need(chunk["created"] > 0, "an empty time")
    need("error" not in chunk, "an error key in a chunk")
    need(len(chunk["choices"]) <= 1, "several choices in one chunk")


def _stream_usage(chunks: list[Json], include_usage: bool, *, is_chat: bool) -> tuple[int, int, int] | None:
    """Usage by the rules: a chunk of its own for who asked, on the finish chunk for who did not."""
    *before, last = chunks
    if include_usage:
        need(all("usage" in chunk for chunk in chunks), "a chunk without a usage key")
        need(all(chunk["usage"] is None and chunk["choices"] for chunk in before), "usage too early")
        need(bool(last["choices"]) == (last["usage"] is None), "usage and choices in one chunk")
        return usage_of(last["usage"])
    need(not any("usage" in chunk for chunk in before), "usage that nobody asked for")
    need(all(chunk["choices"] for chunk in chunks), "a chunk without choices")
    if is_chat:
        need(all("content" in choice["delta"] for chunk in chunks for choice in chunk["choices"]), "no content key")
        need(last["choices"][0]["delta"]["content"] == "", "a last chunk whose content is not empty")
    need(last["choices"][0]["finish_reason"], "a last chunk without finish reason")
    return usage_of(last.get("usage"))


class _Speaker:
    """One choice of a streamed chat."""

    def __init__(self) -> None:
        self._words = {"content": "", "reasoning_content": "", "refusal": ""}
        self._finish: str | None = None
        self._calls: list[Json] = []
        self._old_call: Json | None = None
        self._tokens: list[str] = []
        self._has_begun = False

    def add(self, choice: Json) -> None:
        delta = choice["delta"]
        need(self._finish is None, "something after the finish reason")
        need(("role" in delta) != self._has_begun, "the role is not in the first chunk alone")
        need(delta.get("role", "assistant") == "assistant", f"the role {delta.get('role')}")
        need("error" not in choice, "an error key in a choice")
        self._has_begun = True
        for key in self._words:
            words = delta.get(key)
            need(words is None or isinstance(words, str), f"{key} is no text")
            self._words[key] += words or ""
        need("tool_calls" not in delta or delta["tool_calls"], "an empty list of tool calls")
        for piece in delta.get("tool_calls", ()):
            self._tool_piece(piece)
        if "function_call" in delta:
            self._old_piece(delta["function_call"])
        self._tokens += _tokens(choice.get("logprobs"))
        self._finish = choice["finish_reason"]

    def _tool_piece(self, piece: Json) -> None:
        index, kind = piece["index"], piece.get("type")
        field, words = ("custom", "input") if "custom" in piece else ("function", "arguments")
        if index == len(self._calls):
            need(piece.keys() == {"index", "id", "type", field}, f"a call that begins with {piece}")
            need(
                kind == field and piece["id"] and piece[field] == {"name": piece[field]["name"], words: ""}, f"{piece}"
            )
            self._calls.append({"id": piece["id"], "kind": kind, "name": piece[field]["name"], "input": ""})
            return
        need(index == len(self._calls) - 1, f"a piece of call {index} while call {len(self._calls) - 1} is open")
        need(piece == {"index": index, field: {words: piece[field][words]}}, f"a call that goes on with {piece}")
        need(isinstance(piece[field][words], str) and piece[field][words], f"no piece of input: {piece}")
        self._calls[index]["input"] += piece[field][words]

    def _old_piece(self, piece: Json) -> None:
        if self._old_call is None:
            need(piece == {"name": piece.get("name"), "arguments": ""}, f"a function call that begins with {piece}")
            self._old_call = {"id": "", "kind": "function_call", "name": piece["name"], "input": ""}
            return
        need(piece.keys() == {"arguments"}, f"a function call that goes on with {piece}")
        self._old_call["input"] += piece["arguments"]

    def choice(self, *, is_whole: bool) -> Choice:
        need(not is_whole or self._finish, "no finish reason")
        made = [*self._calls, *([self._old_call] if self._old_call else [])]
        calls = tuple(ToolCall(**call) for call in made)
        if is_whole:
            check_calls(calls, self._finish)
        return Choice(
            self._words["content"],
            self._words["reasoning_content"],
            self._words["refusal"],
            calls,
            self._finish,
            tuple(self._tokens),
        )


def check_calls(calls: tuple[ToolCall, ...], finish: str | None) -> None:
    """Calls and the finish reason belong together, and every call can be made."""
    if finish in ("tool_calls", "function_call"):
        need(calls, f"{finish} without a call")
    need(not calls or finish not in ("stop",), "a call under `stop`")
    need((finish == "function_call") <= all(call.kind == "function_call" for call in calls), "calls of another kind")
    ids = [call.id for call in calls if call.kind != "function_call"]
    need(len(set(ids)) == len(ids) and all(ids), f"ids that are not one for each: {ids}")
    for call in calls:
        if call.kind != "custom" and finish != "length":
            strict_json(call.input)


def _tokens(logprobs: Json | None) -> list[str]:
    if logprobs is None:
        return []
    need(logprobs.keys() == {"content", "refusal"}, f"logprobs with {sorted(logprobs)}")
    return [entry["token"] for key in ("content", "refusal") for entry in logprobs[key] or ()]


def chat_whole(answer: Answer) -> Said | Failed:
    """A chat completion in one piece."""
    if answer.status != 200:
        return failure(answer)
    body = _whole_body(answer)
    fit(body, "CreateChatCompletionResponse")
    choices = []
    for number, choice in enumerate(body["choices"]):
        need(choice["index"] == number, "choices out of order")
        message = choice["message"]
        calls = tuple(_whole_call(call) for call in message.get("tool_calls", ()))
        need("tool_calls" not in message or calls, "an empty list of tool calls")
        if "function_call" in message:
            old = message["function_call"]
            calls += (ToolCall(old["name"], old["arguments"], "", "function_call"),)
        check_calls(calls, choice["finish_reason"])
        words = [message.get(key) for key in ("content", "reasoning_content", "refusal")]
        need(all(isinstance(word, str | None) for word in words), f"words that are no text: {words}")
        text, reasoning, refusal = (word or "" for word in words)
        tokens = tuple(_tokens(choice["logprobs"]))
        choices.append(Choice(text, reasoning, refusal, calls, choice["finish_reason"], tokens))
    return Said(tuple(choices), usage_of(body.get("usage")), body)


def _whole_body(answer: Answer) -> Any:
    need(answer.is_whole, "a whole answer that was cut")
    need(answer.headers.get("content-type") == "application/json", "an answer that is no JSON")
    body = strict_json(answer.body.decode())
    need(body["id"] and body["model"] and body["created"] > 0 and body["choices"], "an answer without identity")
    need("error" not in body, "an error key in an answer")
    return body


def _whole_call(call: Json) -> ToolCall:
    kind = call["type"]
    words = "input" if kind == "custom" else "arguments"
    need(
        call == {"id": call["id"], "type": kind, kind: {"name": call[kind]["name"], words: call[kind][words]}},
        f"{call}",
    )
    need(kind in ("function", "custom") and isinstance(call[kind][words], str), f"{call}")
    return ToolCall(call[kind]["name"], call[kind][words], call["id"], kind)


def completion_stream(answer: Answer, *, include_usage: bool) -> Said | Failed:
    """A streamed text completion."""
    if answer.status != 200:
        return failure(answer)
    chunks, error = _chunks(answer)
    texts: dict[int, str] = {}
    ends: dict[int, str] = {}
    for chunk in chunks:
        _check_frame(chunk)
        for choice in chunk["choices"]:
            index, reason = choice["index"], choice["finish_reason"]
            need(index not in ends, "something after the finish reason")
            texts[index] = texts.get(index, "") + choice["text"]
            if reason is not None:
                ends[index] = reason
            _fit_completion(chunk, choice, reason or "stop")
    if error is not None:
        return Failed(200, error, answer.headers, tuple(Choice(texts[i], finish=None) for i in sorted(texts)))
    need(ends.keys() == texts.keys(), "a choice without a finish reason")
    usage = _stream_usage(chunks, include_usage, is_chat=False)
    return Said(tuple(Choice(texts[index], finish=ends[index]) for index in sorted(texts)), usage, chunks)


def completion_whole(answer: Answer) -> Said | Failed:
    """A text completion in one piece."""
    if answer.status != 200:
        return failure(answer)
    body = _whole_body(answer)
    for choice in body["choices"]:
        _fit_completion(body, choice, choice["finish_reason"])
    choices = tuple(Choice(choice["text"], finish=choice["finish_reason"]) for choice in body["choices"])
    return Said(choices, usage_of(body.get("usage")), body)


def _fit_completion(frame: Json, choice: Json, reason: str) -> None:
    """The schema knows no chunks: a chunk is an answer whose finish reason and usage may be null."""
    usage = {} if frame.get("usage") is None else {"usage": frame["usage"]}
    bare = {key: value for key, value in frame.items() if key not in ("usage", "choices")}
    logprobs = choice["logprobs"]
    if logprobs is not None:
        # OpenAI itself has null for a first token that nothing came before.
        numbers = [0 if number is None else number for number in logprobs.get("token_logprobs", ())]
        logprobs = {**logprobs, "token_logprobs": numbers}
    choices = [{**choice, "finish_reason": reason, "logprobs": logprobs}]
    fit({**bare, **usage, "choices": choices}, "CreateCompletionResponse")
