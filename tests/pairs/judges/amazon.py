"""Bedrock's Converse, by `botocore`: nobody speaks it to us, but its recordings must be true."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore import session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, EventStreamError
from botocore.validate import ParamValidator

from tests.pairs.playing import Wire
from tests.pairs.said import Broken, Called, Said, Used

_ENDS = {
    "end_turn": "stop",
    "stop_sequence": "sequence",
    "max_tokens": "length",
    "tool_use": "calls",
    "content_filtered": "filter",
}


class _Body:
    """A body as botocore's transport has it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        for start in range(0, len(self._body), 97):
            yield self._body[start : start + 97]

    def close(self) -> None:
        pass


class _Stage:
    now = Wire(b"")

    def answer(self, request: Any, **_: Any) -> Any:
        now = self.now
        kind = (
            "application/json"
            if now.status != 200 or now.kind == "application/json"
            else "application/vnd.amazon.eventstream"
        )
        return AWSResponse(request.url, now.status, {"content-type": kind, **now.headers}, _Body(now.body))


_stage = _Stage()


@cache
def _client() -> Any:
    made = session.Session().create_client(
        "bedrock-runtime", region_name="us-east-1", aws_access_key_id="A", aws_secret_access_key="B"
    )
    made.meta.events.register("before-send.bedrock-runtime", _stage.answer)
    return made


def _ask(method: str, of: Wire) -> Any:
    _stage.now = of
    hello = [{"role": "user", "content": [{"text": "Hello"}]}]
    return getattr(_client(), method)(modelId="m", messages=hello)


def _refused(error: ClientError) -> Said:
    return Said(broke=Broken(error.response["Error"]["Message"], error.response["ResponseMetadata"]["HTTPStatusCode"]))


def converse(of: Wire) -> Said:
    """A streamed answer."""
    blocks: dict[int, dict[str, Any]] = {}
    reason, fields, usage, broke = "", None, None, None
    try:
        events = _ask("converse_stream", of)["stream"]
        for event in events:
            match event:
                case {"contentBlockStart": {"contentBlockIndex": index, "start": start}}:
                    blocks[index] = {**start["toolUse"], "input": ""}
                case {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}:
                    _grow(blocks.setdefault(index, {}), delta)
                case {"messageStop": {"stopReason": reason} as stop}:
                    fields = stop.get("additionalModelResponseFields", {}).get("delta")
                case {"metadata": {"usage": usage}}:
                    pass
                case _:
                    pass
    except EventStreamError as error:
        broke = Broken(error.response["Error"]["Message"])
    except ClientError as error:
        return _refused(error)
    for block in blocks.values():
        if "toolUseId" in block:
            block["input"] = json.loads(block["input"] or "{}")
    return _said([blocks[index] for index in sorted(blocks)], reason, fields, usage)._replace(broke=broke)


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta:
        case {"text": text}:
            block["text"] = block.get("text", "") + text
        case {"toolUse": {"input": piece}}:
            block["input"] += piece
        case {"reasoningContent": thought}:
            for name, words in thought.items():
                block["thought_" + name] = block.get("thought_" + name, "") + words
        case _:
            raise AssertionError(delta)


def converse_whole(of: Wire) -> Said:
    """A whole answer."""
    try:
        answer = _ask("converse", of)
    except ClientError as error:
        return _refused(error)
    blocks = [_block(block) for block in answer["output"]["message"]["content"]]
    return _said(blocks, answer["stopReason"], answer.get("additionalModelResponseFields"), answer["usage"])


def _block(said: dict[str, Any]) -> dict[str, Any]:
    match said:
        case {"toolUse": use}:
            return dict(use)
        case {"reasoningContent": {"reasoningText": thought}}:
            return {"thought_" + name: words for name, words in thought.items()}
        case _:
            return said


def _said(blocks: list[dict[str, Any]], reason: str, fields: Any, usage: Any) -> Said:
    used = None
    if usage is not None:
        cached = usage.get("cacheReadInputTokens", 0)
        asked = usage["inputTokens"] + cached + usage.get("cacheWriteInputTokens", 0)
        used = Used(asked, usage["outputTokens"], cached)
    return Said(
        texts=("".join(block.get("text", "") for block in blocks),),
        thoughts="".join(block.get("thought_text", "") for block in blocks),
        calls=tuple(Called(block["toolUseId"], block["name"], block["input"]) for block in blocks if "name" in block),
        ends=(_ENDS[reason],) if reason else (),
        stopped_by=fields["stop_sequence"] if fields else None,
        signatures=tuple(block["thought_signature"] for block in blocks if "thought_signature" in block),
        used=used,
    )


@cache
def _shape() -> Any:
    return session.Session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape


def check(asked: dict[str, Any]) -> None:
    """Raises AssertionError for a request that Amazon's own model of the service finds wrong."""
    report = ParamValidator().validate({"modelId": "m", **asked}, _shape())
    assert not report.has_errors(), report.generate_report()
    known = set(_shape().members)
    assert set(asked) <= known, set(asked) - known
