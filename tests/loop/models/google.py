"""Google's generateContent."""

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.upstream import STREAM_HEAD, Peer, Request
from tests.loop.models.base import Asked, Call, Result, Round, halves, loads, whole

USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}


class Gemini:
    """As Google's AI Studio."""

    def section(self, name: str, port: int) -> str:
        return (
            f'[providers.{name}]\nkind = "gemini"\nbase_url = "http://127.0.0.1:{port}/v1beta"\n'
            'api_key = "AIza-of-the-gateway"\nmodels = ["m"]\n'
        )

    def asked(self, request: Request) -> Asked:
        body = json.loads(request.body)
        rounds: list[tuple[Call, ...]] = []
        results: list[tuple[Result, ...]] = []
        for content in body["contents"]:
            calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
            told = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
            if calls:
                assert content["role"] == "model"
                rounds.append(
                    tuple(Call(one["name"], json.dumps(one.get("args", {})), one.get("id", "")) for one in calls)
                )
            if told:
                # Google refuses results that are not as many as the calls before them.
                assert [one["name"] for one in told] == [one.name for one in rounds[-1]]
                results.append(tuple(Result(one["name"], json.dumps(one["response"])) for one in told))
        declared = [one for tool in body.get("tools", ()) for one in tool.get("functionDeclarations", ())]
        system = body.get("systemInstruction") or {"parts": []}
        return Asked(
            tools=tuple(one["name"] for one in declared),
            system="\n".join(part["text"] for part in system["parts"]),
            rounds=tuple(rounds),
            results=tuple(results),
            body=body,
        )

    def say(self, peer: Peer, request: Request, said: Round) -> None:
        if "streamGenerateContent" not in request.line:
            whole(peer, _chunk(list(_parts(said)), "STOP"))
            return
        peer.send(STREAM_HEAD)
        parts = [{"text": piece} for piece in halves(said.text)] + list(_parts(said._replace(text="")))
        for part in parts:
            _send(peer, _chunk([part], None))
        _send(peer, _chunk([{"text": ""}], "STOP"))
        peer.send(b"0\r\n\r\n")


def _parts(said: Round) -> Iterator[dict[str, Any]]:
    if said.text:
        yield {"text": said.text}
    for number, call in enumerate(said.calls):
        part: dict[str, Any] = {"functionCall": {"name": call.name, "args": loads(call.arguments)}}
        # Only the first call of a round is signed.
        yield {**part, **({"thoughtSignature": "c2lnbmVk"} if number == 0 else {})}


def _chunk(parts: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "m", "responseId": "up"}


def _send(peer: Peer, chunk: Any) -> None:
    peer.piece(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n")
