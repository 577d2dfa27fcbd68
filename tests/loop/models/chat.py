"""OpenAI's chat."""

import json
from typing import Any

from tests.e2e.upstream import STREAM_HEAD, Peer, Request
from tests.loop.models.base import Asked, Call, Result, Round, halves, whole

HEAD = {"id": "chatcmpl-up", "created": 1_700_000_000, "model": "up"}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


class Chat:
    """As OpenAI, and all who are compatible with it."""

    def section(self, name: str, port: int) -> str:
        return f'[providers.{name}]\nkind = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\nmodels = ["m"]\n'

    def asked(self, request: Request) -> Asked:
        body = json.loads(request.body)
        rounds: list[tuple[Call, ...]] = []
        results: list[list[Result]] = []
        for message in body["messages"]:
            if message.get("tool_calls"):
                rounds.append(tuple(_call(call) for call in message["tool_calls"]))
                results.append([])
            if message["role"] == "tool":
                results[-1].append(Result(message["tool_call_id"], message["content"]))
        return Asked(
            tools=tuple(tool["function"]["name"] for tool in body.get("tools", ())),
            system="\n".join(str(one["content"]) for one in body["messages"] if one["role"] in ("system", "developer")),
            rounds=tuple(rounds),
            results=tuple(map(tuple, results)),
            body=body,
        )

    def say(self, peer: Peer, request: Request, said: Round) -> None:
        reason = "tool_calls" if said.calls else "stop"
        if not json.loads(request.body).get("stream"):
            message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
            if said.calls:
                message["tool_calls"] = [_use(call, number) for number, call in enumerate(said.calls)]
            choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
            whole(peer, {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE})
            return
        peer.send(STREAM_HEAD)
        _chunk(peer, {"role": "assistant", "content": ""})
        for piece in halves(said.text):
            _chunk(peer, {"content": piece})
        for number, call in enumerate(said.calls):
            use = _use(call, number)
            for place, piece in enumerate(halves(call.arguments)):
                function = {**({"name": call.name} if place == 0 else {}), "arguments": piece}
                own = {name: use[name] for name in ("id", "type")} if place == 0 else {}
                _chunk(peer, {"tool_calls": [{"index": number, **own, "function": function}]})
        _chunk(peer, {}, reason)
        _frame(peer, {**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": USAGE})
        peer.done()


def _use(call: Call, number: int) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id or f"call_{number}", "type": "function", "function": function}


def _call(said: dict[str, Any]) -> Call:
    assert said["type"] == "function"
    return Call(said["function"]["name"], said["function"]["arguments"], said["id"])


def _chunk(peer: Peer, delta: dict[str, Any], reason: str | None = None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    _frame(peer, {**HEAD, "object": "chat.completion.chunk", "choices": [choice]})


def _frame(peer: Peer, said: Any) -> None:
    peer.piece(f"data: {json.dumps(said)}\n\n".encode())
