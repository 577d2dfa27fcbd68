"""Anthropic's Messages."""

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.upstream import STREAM_HEAD, Peer, Request
from tests.loop.models.base import Asked, Call, Result, Round, halves, loads, whole


class Claude:
    """As Anthropic."""

    def section(self, name: str, port: int) -> str:
        return (
            f'[providers.{name}]\nkind = "anthropic"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
            'api_key = "sk-ant-api03-secret"\nmodels = ["m"]\n'
        )

    def asked(self, request: Request) -> Asked:
        body = json.loads(request.body)
        rounds: list[tuple[Call, ...]] = []
        results: list[tuple[Result, ...]] = []
        for message in body["messages"]:
            blocks = message["content"] if isinstance(message["content"], list) else []
            uses = [block for block in blocks if block["type"] == "tool_use"]
            told = [block for block in blocks if block["type"] == "tool_result"]
            if uses:
                assert message["role"] == "assistant"
                assert len(rounds) == len(results), "results must follow their calls"
                rounds.append(tuple(Call(use["name"], json.dumps(use["input"]), use["id"]) for use in uses))
            if told:
                assert message["role"] == "user"
                results.append(tuple(Result(block["tool_use_id"], _text(block.get("content"))) for block in told))
                assert [one.id for one in rounds[-1]] == [one.id for one in results[-1]]
        return Asked(
            tools=tuple(tool["name"] for tool in body.get("tools", ())),
            system=_text(body.get("system")),
            rounds=tuple(rounds),
            results=tuple(results),
            body=body,
        )

    def say(self, peer: Peer, request: Request, said: Round) -> None:
        content = list(_content(said))
        reason = "tool_use" if said.calls else "end_turn"
        head = {"id": "msg_up", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
        if not json.loads(request.body).get("stream"):
            usage = {"input_tokens": 10, "output_tokens": 5}
            whole(peer, {**head, "content": content, "stop_reason": reason, "usage": usage})
            return
        peer.send(STREAM_HEAD)
        begun: dict[str, Any] = {
            **head,
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": 10, "output_tokens": 1},
        }
        events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
        for place, block in enumerate(content):
            events += _block(place, block)
        delta = {"stop_reason": reason, "stop_sequence": None}
        events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}})
        events.append({"type": "message_stop"})
        for event in events:
            peer.piece(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        peer.send(b"0\r\n\r\n")


def _content(said: Round) -> Iterator[dict[str, Any]]:
    if said.text:
        yield {"type": "text", "text": said.text}
    for number, call in enumerate(said.calls):
        id, input = call.id or f"toolu_{number}", loads(call.arguments)
        yield {"type": "tool_use", "id": id, "name": call.name, "input": input}


def _block(place: int, block: dict[str, Any]) -> list[dict[str, Any]]:
    is_text = block["type"] == "text"
    empty = {**block, "text": ""} if is_text else {**block, "input": {}}
    pieces = halves(block["text"] if is_text else json.dumps(block["input"]))
    name, kind = ("text", "text_delta") if is_text else ("partial_json", "input_json_delta")
    return [
        {"type": "content_block_start", "index": place, "content_block": empty},
        *({"type": "content_block_delta", "index": place, "delta": {"type": kind, name: piece}} for piece in pieces),
        {"type": "content_block_stop", "index": place},
    ]


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(block["text"] for block in content)
    return content or ""
