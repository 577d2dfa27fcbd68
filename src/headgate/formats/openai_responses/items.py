"""The items of an answer being written, each from its `added` to its `done`."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from headgate.events import Called, Calling, ToolCall
from headgate.formats.openai_responses.frames import Frames, head
from headgate.formats.openai_responses.parts import Form, Part

SERVER = "headgate"
"""Whose functions they are that the server executes."""

Name = Callable[[str, object], str]
"""Gives an item its id: takes the prefix that belongs to its type, and the id it would like to have."""


class Item(Protocol):
    """One entry of the response's `output`."""

    index: int
    status: str

    def object(self) -> dict[str, Any]:
        """The item as it is now."""


class Spoken:
    """A message or a thought: parts one after another."""

    def __init__(self, type: str, index: int, name: Name, fields: dict[str, Any]) -> None:
        self.type, self.index, self.status = type, index, "in_progress"
        self.id = name("msg" if type == "message" else "rs", fields.get("id"))
        self.fields = fields
        self._parts: list[Part] = []

    @property
    def part(self) -> Part | None:
        """The part that is being written."""
        return self._parts[-1] if self._parts and self._parts[-1].is_open else None

    def open(self, frames: Frames) -> bytes:
        """The item appears, empty."""
        return _added(frames, self)

    def turn_to(self, frames: Frames, form: Form) -> tuple[Part, bytes]:
        """End the open part and begin another."""
        ended = b"" if self.part is None else self.part.close(frames, "completed")
        index = sum(part.form.index == form.index for part in self._parts)
        part = Part(form, self.id, self.index, index)
        self._parts.append(part)
        return part, ended + part.open(frames)

    def close(self, frames: Frames, status: str) -> bytes:
        """The item is over."""
        ended = b"" if self.part is None else self.part.close(frames, status)
        self.status = status
        return ended + _done(frames, self)

    def object(self) -> dict[str, Any]:
        """The item as it is now."""
        said = {**self.fields, "id": self.id, "type": self.type, "status": self.status}
        if self.type == "message":
            return {**said, "role": "assistant", "content": [part.object() for part in self._parts]}
        thoughts = [part.object() for part in self._parts if part.form.index == "content_index"]
        summary = [part.object() for part in self._parts if part.form.index == "summary_index"]
        return {**said, "summary": summary, **({"content": thoughts} if thoughts else {})}


class Use:
    """A call of a tool that the client runs."""

    def __init__(self, event: ToolCall, index: int, name: Name, fields: dict[str, Any]) -> None:
        self.index, self.status, self.number = index, "in_progress", event.index
        self._is_custom = event.kind == "custom"
        self.id = name("ctc" if self._is_custom else "fc", fields.get("id"))
        self._call_id, self._name, self._fields = event.id, event.name, fields
        self._pieces: list[str] = []
        self._place = {"item_id": self.id, "output_index": index}
        self._events = "response.custom_tool_call_input" if self._is_custom else "response.function_call_arguments"
        self._head = head(f"{self._events}.delta", self._place)

    @property
    def is_whole(self) -> bool:
        """Whether its input is a complete JSON value, so that nothing more is to come."""
        try:
            msgspec.json.decode("".join(self._pieces))
        except (msgspec.DecodeError, RecursionError):
            return False
        return not self._is_custom

    def open(self, frames: Frames) -> bytes:
        """The item appears, without input."""
        return _added(frames, self)

    def add(self, frames: Frames, piece: str) -> bytes:
        """A piece of its input."""
        self._pieces.append(piece)
        return frames.piece(self._head, piece)

    def close(self, frames: Frames, status: str) -> bytes:
        """The item is over."""
        self.status = status
        input = "".join(self._pieces)
        said = {"input": input} if self._is_custom else {"name": self._name, "arguments": input}
        return frames.event(f"{self._events}.done", {**self._place, **said}) + _done(frames, self)

    def object(self) -> dict[str, Any]:
        """The item as it is now."""
        type, field = ("custom_tool_call", "input") if self._is_custom else ("function_call", "arguments")
        said = {**self._fields, "id": self.id, "type": type, "status": self.status}
        return {**said, "call_id": self._call_id, "name": self._name, field: "".join(self._pieces)}


class Executed:
    """A call of a function that the server executes, told as a call of an MCP server's tool: all clients know it."""

    def __init__(self, event: Calling | Called, index: int, name: Name) -> None:
        self.index, self.status = index, "in_progress"
        self.id = name("mcp", None)
        self._name, self._arguments = event.name, event.arguments
        self._output: str | None = None
        self._error: dict[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has said what came of it."""
        return self.status == "in_progress"

    def open(self, frames: Frames) -> bytes:
        """The item appears, with its arguments."""
        arguments, self._arguments = self._arguments, ""
        added = _added(frames, self)
        self._arguments = arguments
        place = {"item_id": self.id, "output_index": self.index}
        return (
            added
            + frames.event("response.mcp_call.in_progress", place)
            + frames.event("response.mcp_call_arguments.delta", {**place, "delta": arguments})
            + frames.event("response.mcp_call_arguments.done", {**place, "arguments": arguments})
        )

    def end(self, frames: Frames, event: Called | None) -> bytes:
        """What came of it; None where that is not known."""
        place = {"item_id": self.id, "output_index": self.index}
        if event is None:
            self.status = "incomplete"
            return _done(frames, self)
        if event.is_error:
            content = [{"type": "text", "text": event.result}]
            self.status, self._error = "failed", {"type": "mcp_tool_execution_error", "content": content}
            return frames.event("response.mcp_call.failed", place) + _done(frames, self)
        self.status, self._output = "completed", event.result
        return frames.event("response.mcp_call.completed", place) + _done(frames, self)

    def object(self) -> dict[str, Any]:
        """The item as it is now."""
        return {
            "id": self.id,
            "type": "mcp_call",
            "server_label": SERVER,
            "name": self._name,
            "arguments": self._arguments,
            "output": self._output,
            "error": self._error,
            "status": self.status,
            "approval_request_id": None,
        }


class Hosted:
    """A tool that the provider runs itself: its own words, our numbers."""

    def __init__(self, index: int, name: Name, said: dict[str, Any]) -> None:
        self.index, self.status = index, "in_progress"
        self._said = said
        self._id = name("item", said["id"]) if said.get("id") else None

    def open(self, frames: Frames) -> bytes:
        """The item appears."""
        return _added(frames, self)

    def progress(self, frames: Frames, event: dict[str, Any]) -> bytes:
        """Something about it."""
        fields = {key: value for key, value in event.items() if key != "type"}
        if "item_id" in fields and self._id is not None:
            fields["item_id"] = self._id
        return frames.event(event["type"], {**fields, "output_index": self.index})

    def close(self, frames: Frames, said: dict[str, Any]) -> bytes:
        """The item is over, in its last words."""
        self._said, self.status = said, "completed"
        return _done(frames, self)

    def close_unsaid(self, frames: Frames) -> bytes:
        """The answer is over, and nobody said that the item is: its last words are its first."""
        return b"" if self.status == "completed" else self.close(frames, self._said)

    def object(self) -> dict[str, Any]:
        """The item as it is now; its status is the provider's."""
        return self._said if self._id is None else {**self._said, "id": self._id}


def _added(frames: Frames, item: Item) -> bytes:
    return frames.event("response.output_item.added", {"output_index": item.index, "item": item.object()})


def _done(frames: Frames, item: Item) -> bytes:
    return frames.event("response.output_item.done", {"output_index": item.index, "item": item.object()})
