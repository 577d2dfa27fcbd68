"""
Tool calls of a Responses stream, one whole before the next begins.

Here every call is an item that says when it begins and when it is done, so less has to be guessed
than in chat. But servers exist that say "done" for all calls at the very end (llama.cpp), that weave
two calls into each other, or that send the input only with "done".
"""

import msgspec

from headgate.events import AnyEvent, ToolCall, ToolInput
from headgate.formats.openai_responses import extra
from headgate.formats.openai_responses.extra import Mark
from headgate.formats.openai_responses.upstream import Item
from headgate.formats.tool_calls import own_id, text


class _Open:
    """One call that is being read."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.pieces: list[str] = []
        self.sent = 0
        """How many of the pieces were passed on."""
        self.announced = False
        self.ended = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing more is to come: it was said, or the input is a complete JSON value."""
        if self.ended:
            return True
        if self.item.kind != "function":
            return False
        try:
            msgspec.json.decode("".join(self.pieces))
        except (msgspec.DecodeError, RecursionError):
            return False
        return True


class Calls:
    """All tool calls of one answer, in the order they appear."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._calls: list[_Open] = []
        self._passed_on = 0
        """How many calls are closed: announced, sent whole, never to be touched again."""

    def __len__(self) -> int:
        return len(self._calls)

    def __contains__(self, item: Item) -> bool:
        return any(call.item is item for call in self._calls)

    def begin(self, item: Item) -> list[AnyEvent]:
        """A call appears."""
        self._calls.append(_Open(item))
        return self._live()

    def add(self, item: Item, piece: str) -> list[AnyEvent]:
        """A piece of a call's input."""
        call = self._find(item)
        call.pieces.append(piece)
        return self._live()

    def end(self, item: Item, input: str) -> list[AnyEvent]:
        """A call is done; `input` is all of it, for servers that sent no pieces."""
        call = self._find(item)
        if not call.ended and not call.pieces and input:
            call.pieces.append(input)
        call.ended = True
        return self._live()

    def close(self) -> list[AnyEvent]:
        """The answer is over: pass on what had to wait."""
        events: list[AnyEvent] = []
        while self._passed_on < len(self._calls):
            events += self._pass_on(self._passed_on)
            self._passed_on += 1
        return events

    def _find(self, item: Item) -> _Open:
        return next(call for call in reversed(self._calls) if call.item is item)

    def _live(self) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        while self._passed_on < len(self._calls):
            call = self._calls[self._passed_on]
            if not call.item.name:
                break  # A call without a name cannot be announced yet.
            events += self._pass_on(self._passed_on)
            if self._passed_on == len(self._calls) - 1 or not call.is_whole:
                break
            self._passed_on += 1
        return events

    def _pass_on(self, index: int) -> list[AnyEvent]:
        call, events = self._calls[index], list[AnyEvent]()
        item = call.item
        if not call.announced:
            call.announced = True
            id = item.call_id or text(item.fields.get("id")) or own_id(self._run, index)
            mark = extra.encode(Mark(item=item.fields)) if item.fields else None
            events.append(ToolCall(index, id, item.name, kind=item.kind, extra=mark))
        if call.sent < len(call.pieces):
            events.append(ToolInput(index, "".join(call.pieces[call.sent :])))
            call.sent = len(call.pieces)
        return events
