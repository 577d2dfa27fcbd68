"""
An upstream's content blocks, in pieces or whole, as events.

Words, thoughts and calls of the client's tools are events of their own. Whatever else a block holds is
handed on beside them, in the terms of this format (see `extra`).
"""

from typing import Any

from headgate.events import AnyEvent, Reasoning, Text, Vendor
from headgate.formats.anthropic import extra
from headgate.formats.anthropic.extra import Mark
from headgate.formats.tool_calls import NO_INPUT, Piece, ToolCalls, input_text, text

_WORDS = {"text": "text", "thinking": "thinking"}
"""Where blocks that speak keep what they say."""

_PLAIN: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}
"""How such a block is announced where there is nothing special about it."""

_DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
"""Where deltas that have words of ours keep them."""


class Block:
    """One content block that is being read."""

    def __init__(self, number: int, kind: str, mark: dict[str, Any] | None) -> None:
        self.number, self.kind, self.mark = number, kind, mark
        """`mark` is how it was announced, until that was passed on."""
        self.has_input = False


class Blocks:
    """All content blocks of one answer."""

    def __init__(self, run: str) -> None:
        self.calls = ToolCalls(run)
        self.plain: int | None = None
        """The upstream's number of the block whose words need no closer look, while one is open."""
        self._open: dict[int, Block] = {}
        self._count = 0
        self._said = ""
        """The kind of the block that spoke last."""

    def begin(self, index: int, said: dict[str, Any]) -> list[AnyEvent]:
        """A block begins; it may hold all of what it has to say."""
        kind, self.plain = text(said.get("type")), None
        block = self._open[index] = Block(self._count, kind, None)
        self._count += 1
        if kind == "tool_use":
            return self._begin_call(block, said)
        if kind not in _WORDS:
            self._said = kind
            return [Vendor(extra.encode(Mark(block=said)))]
        return self._begin_words(block, said)

    def delta(self, index: int, said: dict[str, Any]) -> list[AnyEvent]:
        """A change of a block."""
        type = text(said.get("type"))
        block = self._open.get(index) or self._unannounced(index, type)
        key = _DELTAS.get(type)
        words = None if key is None else said.get(key)
        match type:
            case "text_delta" | "thinking_delta":
                return self._say(index, block, type.removesuffix("_delta"), words)
            case "input_json_delta" if block.kind == "tool_use":
                return self._input(block, words)
            case _:
                return [self._vendor(block, said)]

    def end(self, index: int) -> list[AnyEvent]:
        """A block is whole."""
        block, self.plain = self._open.pop(index, None), None
        if block is None or block.kind != "tool_use" or block.has_input:
            return []
        # A call without input: said now, because the next one waits until this one is whole.
        return self.calls.piece(Piece(block.number, input=NO_INPUT))

    def whole(self, index: int, said: dict[str, Any]) -> list[AnyEvent]:
        """A block that came with all it has."""
        citations, signature = said.get("citations"), said.get("signature")
        bare = said
        if said.get("type") == "text" and isinstance(citations, list):
            bare = {**said, "citations": []}
        elif said.get("type") == "thinking" and signature:
            bare = {**said, "signature": ""}
        events = self.begin(index, bare)
        if bare is not said:
            deltas = [{"type": "signature_delta", "signature": signature}]
            if said["type"] == "text":
                deltas = [{"type": "citations_delta", "citation": citation} for citation in said["citations"]]
            for delta in deltas:
                events += self.delta(index, delta)
        return events + self.end(index)

    def _begin_words(self, block: Block, said: dict[str, Any]) -> list[AnyEvent]:
        key = _WORDS[block.kind]
        words, bare = said.get(key), {**said, key: ""}
        # What looks like every other block and follows one of another kind need not be announced.
        if {**_PLAIN[block.kind], **bare} != _PLAIN[block.kind] or self._said == block.kind:
            block.mark = bare
        return [self._words(block, words)] if isinstance(words, str) and words else []

    def _begin_call(self, block: Block, said: dict[str, Any]) -> list[AnyEvent]:
        self._said = "tool_use"
        input = said.get("input")
        rest = {key: value for key, value in said.items() if key not in ("type", "id", "name", "input")}
        block.has_input = bool(input)
        piece = Piece(
            block.number,
            text(said.get("id")),
            text(said.get("name")),
            input_text(input) if input else "",
            extra=extra.encode(Mark(block=rest)) if rest else None,
        )
        return self.calls.piece(piece)

    def _unannounced(self, index: int, type: str) -> Block:
        """Some imitators let a block begin with its first words."""
        kind = "thinking" if type in ("thinking_delta", "signature_delta") else "text"
        block = self._open[index] = Block(self._count, kind, _PLAIN[kind] if self._said == kind else None)
        self._count += 1
        return block

    def _say(self, index: int, block: Block, kind: str, words: object) -> list[AnyEvent]:
        if not isinstance(words, str) or not words:
            return []
        if block.kind != kind:
            self.begin(index, _PLAIN[kind])
            block = self._open[index]
        event = self._words(block, words)
        self.plain = index if kind == "text" else None
        return [event]

    def _words(self, block: Block, words: str) -> AnyEvent:
        marked, block.mark = block.mark, None
        self._said = block.kind
        said = None if marked is None else extra.encode(Mark(block=marked))
        if block.kind == "text":
            return Text(words, extra=said)
        # What Claude's models show of their thoughts is a summary of them, and for Responses' clients it must be:
        # most of those show nothing else.
        return Reasoning(words, 0, "summary", said)

    def _input(self, block: Block, words: object) -> list[AnyEvent]:
        if not isinstance(words, str) or not words:
            return []
        block.has_input = True
        return self.calls.piece(Piece(block.number, input=words))

    def _vendor(self, block: Block, said: dict[str, Any]) -> AnyEvent:
        marked, block.mark = block.mark, None
        if marked is None and self._said != block.kind and block.kind in _PLAIN:
            # The block has not said a word yet, and nobody knows of it.
            marked = _PLAIN[block.kind]
        self._said = block.kind
        return Vendor(extra.encode(Mark(block=marked, delta=said)))
