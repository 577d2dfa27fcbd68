"""OpenAI's Responses."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.upstream import STREAM_HEAD, Peer, Request
from tests.loop.models.base import Asked, Call, Result, Round, halves, whole

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 15,
}
HEAD = {"id": "resp_up", "object": "response", "created_at": 1_700_000_000, "model": "m"}


class Responses:
    """As OpenAI where Responses is the only endpoint."""

    def section(self, name: str, port: int) -> str:
        return (
            f'[providers.{name}]\nkind = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\nmodels = ["m"]\n'
            'endpoints = ["responses"]\n'
        )

    def asked(self, request: Request) -> Asked:
        body = json.loads(request.body)
        rounds: list[list[Call]] = []
        results: list[list[Result]] = []
        items = [{"type": "message", "role": "user"}] if isinstance(body["input"], str) else body["input"]
        before = ""
        for item in items:
            kind = item.get("type", "message")
            if kind == "function_call":
                if before != kind:
                    rounds.append([])
                    results.append([])
                rounds[-1].append(Call(item["name"], item["arguments"], item["call_id"]))
            if kind == "function_call_output":
                results[-1].append(Result(item["call_id"], item["output"]))
            before = kind
        said = [str(body.get("instructions") or "")]
        said += [json.dumps(item["content"]) for item in items if item.get("role") in ("system", "developer")]
        return Asked(
            tools=tuple(tool["name"] for tool in body.get("tools", ()) if tool["type"] == "function"),
            system="\n".join(filter(None, said)),
            rounds=tuple(map(tuple, rounds)),
            results=tuple(map(tuple, results)),
            body=body,
        )

    def say(self, peer: Peer, request: Request, said: Round) -> None:
        output = list(_output(said))
        finished = {**HEAD, "status": "completed", "output": output, "usage": USAGE, "error": None}
        if not json.loads(request.body).get("stream"):
            whole(peer, finished)
            return
        peer.send(STREAM_HEAD)
        begun = {**HEAD, "status": "in_progress", "output": [], "usage": None, "error": None}
        events = [{"type": "response.created", "response": begun}]
        for place, item in enumerate(output):
            events += _message(place, item) if item["type"] == "message" else _function(place, item)
        events.append({"type": "response.completed", "response": finished})
        for number, event in zip(itertools.count(), events, strict=False):
            told = {**event, "sequence_number": number}
            peer.piece(f"event: {event['type']}\ndata: {json.dumps(told)}\n\n".encode())
        peer.send(b"0\r\n\r\n")


def _output(said: Round) -> Iterator[dict[str, Any]]:
    if said.text:
        content = [{"type": "output_text", "text": said.text, "annotations": []}]
        yield {"type": "message", "id": "msg_up", "role": "assistant", "status": "completed", "content": content}
    for number, call in enumerate(said.calls):
        own = {"id": f"fc_{number}", "call_id": call.id or f"call_{number}", "status": "completed"}
        yield {"type": "function_call", **own, "name": call.name, "arguments": call.arguments}


def _message(place: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    text, at = item["content"][0]["text"], {"item_id": item["id"], "output_index": place, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    added = {**item, "status": "in_progress", "content": []}
    return [
        {"type": "response.output_item.added", "output_index": place, "item": added},
        {"type": "response.content_part.added", **at, "part": part},
        *({"type": "response.output_text.delta", **at, "delta": piece} for piece in halves(text)),
        {"type": "response.output_text.done", **at, "text": text},
        {"type": "response.content_part.done", **at, "part": {**part, "text": text}},
        {"type": "response.output_item.done", "output_index": place, "item": item},
    ]


def _function(place: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    at = {"item_id": item["id"], "output_index": place}
    added = {**item, "status": "in_progress", "arguments": ""}
    pieces = halves(item["arguments"])
    return [
        {"type": "response.output_item.added", "output_index": place, "item": added},
        *({"type": "response.function_call_arguments.delta", **at, "delta": piece} for piece in pieces),
        {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]},
        {"type": "response.output_item.done", "output_index": place, "item": item},
    ]
