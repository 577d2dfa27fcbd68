"""The content blocks of an answer being written, each from its start to its stop."""

from typing import Any

import msgspec

from headgate.events import Called, Calling, ToolCall
from headgate.formats import sse

_encode = msgspec.json.Encoder().encode

INVALID_JSON = "INVALID_JSON"
"""Under this name Anthropic wants an input that is no object, when it has to stand in one."""

SERVER = "headgate"
"""Whose functions they are that the server executes."""

USE, RESULT = "mcp_tool_use", "mcp_tool_result"
"""A call of a function that the server executes, and what came of it."""

END_OF_PIECE = b"}}\n\n"
"""How the event of a piece of words ends, whatever the block."""

_DELTAS = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}


def event(type: str, fields: dict[str, Any]) -> bytes:
    """One event of a stream."""
    return sse.write_named(type, _encode({"type": type, **fields}))


class Block:
    """A block as it is told: what it was announced as, and what came after."""

    def __init__(self, index: int, said: dict[str, Any]) -> None:
        self.index, self.kind = index, said.get("type")
        self._said = said
        self._pieces: list[str] = []
        """Words, or the text of an input."""
        self._citations: list[Any] = []
        type, key = _DELTAS.get(str(self.kind), ("input_json_delta", "partial_json"))
        self.head = (
            f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{index},'
            f'"delta":{{"type":"{type}","{key}":'
        ).encode()

    def open(self) -> bytes:
        """It begins."""
        return event("content_block_start", {"index": self.index, "content_block": self._said})

    def say(self, words: str) -> bytes:
        """More words of it."""
        self._pieces.append(words)
        return self.head + _encode(words) + END_OF_PIECE

    def change(self, delta: dict[str, Any]) -> bytes:
        """A change that a provider of this format told."""
        match delta:
            case {"type": "signature_delta", "signature": signature}:
                self._said = {**self._said, "signature": signature}
            case {"type": "citations_delta", "citation": citation}:
                self._citations.append(citation)
            case {"type": "input_json_delta", "partial_json": str(piece)}:
                self._pieces.append(piece)
            case _:
                # Of a kind that we do not know: in a whole answer its fields stand in the block itself.
                self._said = {**self._said, **{key: value for key, value in delta.items() if key != "type"}}
        return event("content_block_delta", {"index": self.index, "delta": delta})

    def close(self) -> bytes:
        """It is over."""
        return b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % self.index

    def object(self) -> dict[str, Any]:
        """The block as a whole answer has it."""
        words = "".join(self._pieces)
        match self.kind:
            case "text":
                begun = self._said.get("citations")
                cited = {"citations": [*(begun if isinstance(begun, list) else ()), *self._citations]}
                return {**self._said, "text": words} | (cited if self._citations else {})
            case "thinking":
                return {**self._said, "thinking": words}
            case _ if words:
                return {**self._said, "input": input_object(words)}
            case _:
                return self._said


class Call(Block):
    """A call of a tool that the client runs."""

    def __init__(self, index: int, call: ToolCall, fields: dict[str, Any]) -> None:
        super().__init__(index, {"type": "tool_use", "id": call.id, "name": call.name, "input": {}, **fields})
        self.number = call.index

    @property
    def is_whole(self) -> bool:
        """Whether its input is a complete JSON value, so that nothing more is to come."""
        try:
            msgspec.json.decode("".join(self._pieces))
        except (msgspec.DecodeError, RecursionError):
            return False
        return True


def input_object(words: str) -> dict[str, Any]:
    """A call's input, which must be an object."""
    try:
        found = msgspec.json.decode(words or "{}")
    except (msgspec.DecodeError, RecursionError):
        found = words
    return found if isinstance(found, dict) else {INVALID_JSON: words}


def executing(event: Calling | Called) -> dict[str, Any]:
    """The block of a call that the server executes."""
    input = input_object(event.arguments)
    return {"type": USE, "id": event.id, "name": event.name, "server_name": SERVER, "input": input}


def executed(event: Called) -> dict[str, Any]:
    """The block of what came of it."""
    said = [{"type": "text", "text": event.result}]
    return {"type": RESULT, "tool_use_id": event.id, "is_error": event.is_error, "content": said}
