"""
Converse's blocks in the words of Anthropic's Messages.

The two say the same with other names, so answers are read with what reads Messages; and what has no word
of ours (signatures of thoughts, redacted ones, tokens written to a cache) reaches clients of Messages, who
send thoughts back as they came.
"""

from collections.abc import Iterator
from typing import Any

from headgate.formats.tool_calls import text

Json = dict[str, Any]

_COUNTS = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadInputTokens": "cache_read_input_tokens",
    "cacheWriteInputTokens": "cache_creation_input_tokens",
}
_LIVES = {"5m": "ephemeral_5m_input_tokens", "1h": "ephemeral_1h_input_tokens"}
_OF_CONVERSE = {"guardrail_intervened", "content_filtered"}


def started(start: Json) -> Json | None:
    """The block that a start announces; None for a kind that has no place in Messages."""
    match start:
        case {"toolUse": dict(use)}:
            return _call(use, {})
        case _:
            return None


def changes(delta: Json) -> Iterator[Json]:
    """What a delta changes; a redacted thought is a whole block."""
    match delta:
        case {"text": str(words)}:
            yield {"type": "text_delta", "text": words}
        case {"toolUse": {"input": str(piece)}}:
            yield {"type": "input_json_delta", "partial_json": piece}
        case {"reasoningContent": dict(thought)}:
            yield from _thought(thought)
        case _:
            pass


def _thought(thought: Json) -> Iterator[Json]:
    if words := text(thought.get("text")):
        yield {"type": "thinking_delta", "thinking": words}
    if signature := text(thought.get("signature")):
        yield {"type": "signature_delta", "signature": signature}
    if data := text(thought.get("redactedContent")):
        yield {"type": "redacted_thinking", "data": data}


def block(said: Json) -> Json | None:
    """A block of a whole answer; None for a kind that has no place in Messages."""
    match said:
        case {"text": str(words)}:
            return {"type": "text", "text": words}
        case {"toolUse": dict(use)}:
            return _call(use, use.get("input") or {})
        case {"reasoningContent": {"reasoningText": dict(thought)}}:
            signature = text(thought.get("signature"))
            return {"type": "thinking", "thinking": text(thought.get("text")), "signature": signature}
        case {"reasoningContent": {"redactedContent": str(data)}}:
            return {"type": "redacted_thinking", "data": data}
        case {"citationsContent": {"content": list(pieces)}}:
            words = "".join(text(piece.get("text")) for piece in pieces if isinstance(piece, dict))
            return {"type": "text", "text": words}
        case _:
            return None


def _call(use: Json, input: Any) -> Json:
    # A tool that the provider runs itself says so.
    kind = text(use.get("type")) or "tool_use"
    return {"type": kind, "id": text(use.get("toolUseId")), "name": text(use.get("name")), "input": input}


def usage(said: object) -> Json:
    """The tokens that were counted."""
    if not isinstance(said, dict):
        return {}
    counted: Json = {ours: said[theirs] for theirs, ours in _COUNTS.items() if said.get(theirs) is not None}
    details = said.get("cacheDetails")
    lives = {
        _LIVES[each["ttl"]]: each.get("inputTokens")
        for each in (details if isinstance(details, list) else ())
        if isinstance(each, dict) and each.get("ttl") in _LIVES
    }
    return {**counted, "cache_creation": lives} if lives else counted


def ending(reason: str, fields: object) -> Json:
    """Why it ended, as a message tells it."""
    if reason in _OF_CONVERSE:
        return {"stop_reason": "refusal", "stop_sequence": None}
    return {"stop_reason": reason, "stop_sequence": _stop_sequence(fields)}


def _stop_sequence(fields: object) -> str | None:
    """Among what was asked of the model beyond Converse: whole answers have it on top, streams in a `delta`."""
    match fields:
        case {"stop_sequence": str(found)} | {"delta": {"stop_sequence": str(found)}}:
            return found
        case _:
            return None
