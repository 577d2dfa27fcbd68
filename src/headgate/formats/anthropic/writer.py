"""
Writes Messages answers in Anthropic's exact shape, streamed or whole.

A message is a list of content blocks, and a stream tells one after the other, each from its start to its
stop. Our events only say what is new, so the blocks are opened and closed here, by what comes next. Where
the provider spoke this format too, its own blocks are told again as they were.

Words that come before a call's input is whole wait until it is: clients take a block that goes on after
another has begun for a broken stream.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from headgate.calls import Call as Asked
from headgate.events import (
    AnyEvent,
    Attempt,
    Called,
    Calling,
    Continued,
    Failed,
    Finished,
    Last,
    Reasoning,
    Refusal,
    Sound,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.formats.anthropic import content, extra, failures, usage
from headgate.formats.anthropic.content import END_OF_PIECE, Block, Call, event
from headgate.formats.anthropic.extra import NAME, NO_ENDING, NO_MARK, Mark

_encode = msgspec.json.Encoder().encode

_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}

_KNOWN = (*_REASONS.values(), "stop_sequence", "pause_turn", "model_context_window_exceeded")
"""Those that clients know; what an imitator says instead is told in these."""

Spoken: TypeAlias = Text | Reasoning | Refusal

_TEXT: dict[str, Any] = {"type": "text", "text": ""}
_THINKING: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": ""}


class Writer:
    """One answer."""

    def __init__(self, call: Asked, run: str, created: int, *, keeps: bool = False) -> None:
        self._run, self._keeps = run, keeps
        """Whether all that is said is kept, for the whole message."""
        self._id, self._model = "msg_" + run.removeprefix("run_"), call.model
        self._kindred = False
        self._vendor: dict[str, Any] = {}
        self._blocks: list[Block] = []
        self._open: Block | None = None
        self._head: bytes | None = None
        """How a piece of the open block begins, while that is one of text and need not be kept."""
        self._held: list[Spoken | Vendor] = []
        """What waits for the end of a call."""
        self._usage: Usage | None = None
        self._executed: set[str] = set()
        """Ids of calls that the server executes, and that are told."""
        self._refused = False
        self._begun = False
        self._ending: dict[str, Any] = {"stop_reason": None, "stop_sequence": None}
        self._beside: dict[str, Any] = {}

    def write(self, event: AnyEvent) -> bytes:
        """Return the frames this event makes."""
        # The common case, kept in a few instructions: more words of the same text.
        if type(event) is Text and self._head is not None and event.extra is None and event.choice == 0:
            return self._head + _encode(event.delta) + END_OF_PIECE if event.delta else b""
        return self._other(event)

    def message(self) -> dict[str, Any]:
        """The whole message, as far as it is, where all of it was kept."""
        told = usage.told(self._usage, self._kindred)
        blocks = [block.object() for block in self._blocks]
        return {**self._object(blocks, told), **self._ending, **self._beside}

    def _other(self, event: AnyEvent) -> bytes:
        match event:
            case Started():
                return self._start(event)
            case Usage():
                self._usage = event
                return b""
            case Calling():
                return self._begin() + self._execute(event)
            case Called():
                return self._begin() + self._execute(event) + self._tell_block(content.executed(event))
            case Attempt() | Continued() | Sound():
                return b""
            case Finished() | Failed() | Stopped():
                return self._end(event)
            case _:
                # A client of this format asked for one answer and gets the first.
                return self._begin() + self._output(event) if event.choice == 0 else b""

    def _start(self, started: Started) -> bytes:
        self._kindred, self._model = started.format == NAME, started.model
        if self._kindred:
            self._id = started.id or self._id
            self._vendor = msgspec.json.decode(started.extra) if started.extra else {}
        return self._begin()

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        counted = self._vendor.pop("usage", None)
        told = usage.complete(counted) if counted else usage.NOTHING
        return event("message_start", {"message": self._object([], told)})

    def _object(self, content: list[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": content,
            "stop_reason": None,
            "stop_sequence": None,
            "usage": told,
            **self._vendor,
        }

    def _output(self, event: Spoken | ToolCall | ToolInput | Vendor) -> bytes:
        match event:
            case ToolCall():
                return self._settle() + self._start_block(Call(len(self._blocks), event, self._mark(event).block or {}))
            case ToolInput():
                return self._input(event)
            case Vendor() if not self._kindred:
                return b""
            case _:
                if isinstance(self._open, Call) and not self._open.is_whole:
                    self._held.append(event)
                    return b""
                return self._tell(event)

    def _execute(self, event: Calling | Called) -> bytes:
        """A function that the server executes; clients know it as a tool of an MCP server."""
        if event.id in self._executed:
            return b""
        self._executed.add(event.id)
        return self._settle() + self._tell_block(content.executing(event))

    def _tell_block(self, said: dict[str, Any]) -> bytes:
        """One that is whole at once."""
        return self._start_block(Block(len(self._blocks), said)) + self._close()

    def _input(self, event: ToolInput) -> bytes:
        call = self._open
        if not isinstance(call, Call) or call.number != event.index or not event.delta:
            return b""
        told = call.say(event.delta)
        return told + self._settle() if self._held and call.is_whole else told

    def _settle(self) -> bytes:
        """End what is open, and tell what waited for that."""
        told = self._close()
        held, self._held = self._held, []
        return told + b"".join(self._tell(event) for event in held)

    def _tell(self, event: Spoken | Vendor) -> bytes:
        if isinstance(event, Vendor):
            return self._tell_vendor(self._mark(event))
        if not event.delta or self._is_seam(event):
            return b""
        self._refused = self._refused or isinstance(event, Refusal)
        plain = _THINKING if isinstance(event, Reasoning) else _TEXT
        mark = NO_MARK if isinstance(event, Refusal) else self._mark(event)
        opened = b""
        if mark.block is not None or self._open is None or self._open.kind != plain["type"]:
            opened = self._start_block(Block(len(self._blocks), mark.block or plain))
        assert self._open is not None
        return opened + self._open.say(event.delta)

    def _is_seam(self, event: Spoken) -> bool:
        """The blank line between two rounds, for those who see no blocks."""
        after_call = self._open is None and bool(self._blocks) and self._blocks[-1].kind == content.RESULT
        return after_call and isinstance(event, Text) and event.delta.isspace()

    def _tell_vendor(self, mark: Mark) -> bytes:
        opened = b"" if mark.block is None else self._start_block(Block(len(self._blocks), mark.block))
        return opened if mark.delta is None or self._open is None else opened + self._open.change(mark.delta)

    def _start_block(self, block: Block) -> bytes:
        closed = self._close()
        self._blocks.append(block)
        self._open, self._head = block, block.head if block.kind == "text" and not self._keeps else None
        return closed + block.open()

    def _close(self) -> bytes:
        block, self._open, self._head = self._open, None, None
        return b"" if block is None else block.close()

    def _mark(self, event: Text | Reasoning | Vendor | ToolCall) -> Mark:
        return extra.mark(event.extra) if self._kindred else NO_MARK

    def _end(self, last: Last) -> bytes:
        match last:
            case Finished():
                return self._finish(last.reason, last.extra)
            case Stopped():
                return self._finish("stop", None)
            case Failed():
                return event("error", failures.error_object(last, self._run))

    def _finish(self, reason: str, said: bytes | None) -> bytes:
        frames = self._begin() + self._settle() + self._close()
        if not self._blocks and not self._kindred:
            # Clients index content[0]: an answer without a word is an empty text.
            frames += self._start_block(Block(0, _TEXT)) + self._close()
        ending = extra.ending(said) if self._kindred else NO_ENDING
        self._ending |= ending.delta
        if ending.delta.get("stop_reason") not in _KNOWN:
            refused = self._refused and reason == "stop"
            self._ending["stop_reason"] = "refusal" if refused else _REASONS.get(reason, "end_turn")
        self._beside = ending.event
        # Where functions were executed, that is what the last round took.
        told = usage.ended(None if self._executed else ending.usage, self._usage, self._kindred)
        frames += event("message_delta", {"delta": self._ending, "usage": told, **ending.event})
        return frames + event("message_stop", {})


def whole(call: Asked, run: str, created: int, events: Iterable[AnyEvent]) -> bytes:
    """The message of a run, after these events of it."""
    writer = Writer(call, run, created, keeps=True)
    for each in events:
        writer.write(each)
    return msgspec.json.encode(writer.message())
