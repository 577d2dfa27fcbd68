"""The dialects as bytes: how to ask in each, and where its answers have their words and their errors."""

import json
from collections.abc import Mapping
from http.client import IncompleteRead
from typing import Any

from tests.e2e.wire import HELLO, Answer, Wire, frames
from tests.serving import Serving

_CONTENTS = [{"role": "user", "parts": [{"text": "Hello"}]}]
_STREAM, _WHOLE = ":streamGenerateContent?alt=sse", ":generateContent"
_PATHS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": HELLO}),
    "completions": ("/v1/completions", {"prompt": "Hello"}),
    "responses": ("/v1/responses", {"input": "Hello"}),
    "messages": ("/anthropic/v1/messages", {"messages": HELLO, "max_tokens": 1000}),
    "generate": ("/genai/v1beta/models/{}", {"contents": _CONTENTS}),
}
DIALECTS = tuple(_PATHS)


def post(
    wire: Wire,
    dialect: str,
    model: str,
    *,
    stream: bool = True,
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> None:
    """Ask."""
    path, body = _PATHS[dialect]
    said = {**body, **fields}
    if dialect == "generate":
        path = path.format(model) + (_STREAM if stream else _WHOLE)
    else:
        said |= {"model": model, "stream": stream}
    wire.post(json.dumps(said).encode(), path, headers)


def ask(
    server: Serving,
    dialect: str,
    model: str,
    *,
    stream: bool = True,
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> Answer:
    """Ask, and read the answer; raises IncompleteRead when it is cut."""
    with Wire(server) as wire:
        post(wire, dialect, model, stream=stream, headers=headers, **fields)
        return wire.answer()


def broken_body(wire: Wire, dialect: str) -> bytes:
    """The body of an answer that must not look whole: it tells an error, and either is cut or goes on to nothing."""
    try:
        body = wire.answer().body
    except IncompleteRead as cut:
        body = cut.partial
    assert error_in(dialect, body), body[-500:]
    return body


def pieces_in(dialect: str, body: bytes) -> list[str]:
    """The pieces of text in a stream."""
    return [piece for said in _said(body) if (piece := _piece(dialect, said))]


def text_of(dialect: str, body: bytes) -> str:
    """The text of a whole answer."""
    said = json.loads(body)
    match dialect:
        case "chat":
            return str(said["choices"][0]["message"]["content"])
        case "completions":
            return str(said["choices"][0]["text"])
        case "responses":
            return "".join(part["text"] for item in said["output"] for part in item["content"])
        case "messages":
            return "".join(block["text"] for block in said["content"])
        case _:
            return _of_candidate(said)


def error_in(dialect: str, body: bytes) -> Any:
    """The error that a stream ends with, if it does."""
    last = _said(body)[-1]
    return last.get("error") or last.get("response", {}).get("error")


def has_end(dialect: str, body: bytes) -> bool:
    """Whether a stream looks whole to a client of that dialect."""
    said = _said(body)
    match dialect:
        case "chat" | "completions":
            return any(choice.get("finish_reason") for chunk in said for choice in chunk.get("choices", ()))
        case "responses":
            return any(event["type"] in ("response.completed", "response.incomplete") for event in said)
        case "messages":
            return any(event["type"] == "message_stop" for event in said)
        case _:
            return any(each.get("finishReason") for chunk in said for each in chunk.get("candidates", ()))


def _said(body: bytes) -> list[dict[str, Any]]:
    return [
        json.loads(frame.data) for frame in frames(body.replace(b"\r\n", b"\n")) if frame.data not in ("", "[DONE]")
    ]


def _piece(dialect: str, said: Mapping[str, Any]) -> str:
    match dialect:
        case "chat":
            return "".join(choice["delta"].get("content") or "" for choice in said.get("choices", ()))
        case "completions":
            return "".join(choice["text"] for choice in said.get("choices", ()))
        case "responses":
            return str(said["delta"]) if said["type"] == "response.output_text.delta" else ""
        case "messages":
            return str(said["delta"].get("text", "")) if said["type"] == "content_block_delta" else ""
        case _:
            return _of_candidate(said)


def _of_candidate(said: Mapping[str, Any]) -> str:
    parts = [part for each in said.get("candidates", ()) for part in each.get("content", {}).get("parts", ())]
    return "".join(part.get("text", "") for part in parts if not part.get("thought"))
