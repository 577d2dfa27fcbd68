"""AWS Bedrock's Converse."""

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.amazon import API_KEY, HEAD
from tests.e2e.upstream import Peer, Request
from tests.formats.bedrock.streams import METADATA, USAGE, Event, stream
from tests.loop.models.base import Asked, Call, Result, Round, halves, loads, whole


class Converse:
    """As AWS."""

    def section(self, name: str, port: int) -> str:
        return (
            f'[providers.{name}]\nkind = "bedrock"\nbase_url = "http://127.0.0.1:{port}"\napi_key = "{API_KEY}"\n'
            'models = ["m"]\n'
        )

    def asked(self, request: Request) -> Asked:
        body = json.loads(request.body)
        rounds: list[tuple[Call, ...]] = []
        results: list[tuple[Result, ...]] = []
        for message in body["messages"]:
            uses = [block["toolUse"] for block in message["content"] if "toolUse" in block]
            told = [block["toolResult"] for block in message["content"] if "toolResult" in block]
            if uses:
                assert message["role"] == "assistant"
                rounds.append(tuple(Call(use["name"], json.dumps(use["input"]), use["toolUseId"]) for use in uses))
            if told:
                assert message["role"] == "user"
                results.append(tuple(Result(one["toolUseId"], _text(one["content"])) for one in told))
                assert [one.id for one in rounds[-1]] == [one.id for one in results[-1]]
        tools = body.get("toolConfig", {}).get("tools", ())
        return Asked(
            tools=tuple(tool["toolSpec"]["name"] for tool in tools),
            system="\n".join(block["text"] for block in body.get("system", ())),
            rounds=tuple(rounds),
            results=tuple(results),
            body=body,
        )

    def say(self, peer: Peer, request: Request, said: Round) -> None:
        reason = "tool_use" if said.calls else "end_turn"
        content = list(_content(said))
        if "converse-stream" not in request.line:
            output = {"message": {"role": "assistant", "content": content}}
            whole(peer, {"output": output, "stopReason": reason, "usage": USAGE, "metrics": {"latencyMs": 1}})
            return
        peer.send(HEAD)
        events: list[Event] = [("messageStart", {"role": "assistant"})]
        for place, block in enumerate(content):
            events += _block(place, block)
        for event in [*events, ("messageStop", {"stopReason": reason}), METADATA]:
            peer.piece(stream(event))
        peer.send(b"0\r\n\r\n")


def _content(said: Round) -> Iterator[dict[str, Any]]:
    if said.text:
        yield {"text": said.text}
    for number, call in enumerate(said.calls):
        id = call.id or f"tooluse_{number}"
        yield {"toolUse": {"toolUseId": id, "name": call.name, "input": loads(call.arguments)}}


def _block(place: int, block: dict[str, Any]) -> Iterator[Event]:
    at = {"contentBlockIndex": place}
    if use := block.get("toolUse"):
        yield "contentBlockStart", {**at, "start": {"toolUse": {name: use[name] for name in ("toolUseId", "name")}}}
        for piece in halves(json.dumps(use["input"])):
            yield "contentBlockDelta", {**at, "delta": {"toolUse": {"input": piece}}}
    else:
        for piece in halves(block["text"]):
            yield "contentBlockDelta", {**at, "delta": {"text": piece}}
    yield "contentBlockStop", at


def _text(content: list[dict[str, Any]]) -> str:
    return "\n".join(block["text"] if "text" in block else json.dumps(block["json"]) for block in content)
