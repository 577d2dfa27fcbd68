"""
Rebuilds tool calls the way OpenAI sends them: numbered from 0, one whole before the next.

Vendors leave the index out, give two calls the same one, repeat id and name in every piece, send
the input as an object, or weave two calls into each other. Clients glue all of that together
wrongly. So pieces are sorted into calls here first, and a call is passed on live only while it is
the first that is not yet whole; what arrives for later ones waits its turn.
"""

from typing import Any

import msgspec

from headgate.events import AnyEvent, ToolCall, ToolInput


class _Open:
    """One call that is being read."""

    def __init__(self, key: object, id: str, name: str) -> None:
        self.key, self.id, self.name = key, id, name
        self.pieces: list[str] = []
        self.sent = 0
        """How many of the pieces were passed on."""
        self.announced = False

    @property
    def is_whole(self) -> bool:
        """Whether the input so far is a complete JSON value, so that nothing more is to come."""
        try:
            msgspec.json.decode("".join(self.pieces))
        except (msgspec.DecodeError, RecursionError):
            return False
        return True


class ToolCalls:
    """The tool calls of one choice."""

    def __init__(self, seed: str, choice: int = 0) -> None:
        self._seed, self._choice = seed, choice
        self._calls: list[_Open] = []
        self._passed_on = 0
        """How many calls are closed: announced, sent whole, never to be touched again."""

    def __len__(self) -> int:
        return len(self._calls)

    def piece(self, key: object, id: str, name: str, input: str) -> list[AnyEvent]:
        """Take one piece; `key` is the vendor's index, or None where it sent none."""
        call = self._find(key, id, name, input)
        if call is None:
            call = _Open(key, id, name)
            self._calls.append(call)
        call.id, call.name = call.id or id, call.name or name
        if input:
            call.pieces.append(input)
        return self._live()

    def close(self) -> list[AnyEvent]:
        """The answer is over: pass on what had to wait."""
        events: list[AnyEvent] = []
        while self._passed_on < len(self._calls):
            events += self._pass_on(self._passed_on)
            self._passed_on += 1
        return events

    def _find(self, key: object, id: str, name: str, input: str) -> _Open | None:
        """The call this piece belongs to; None when it begins a new one."""
        if key is not None:
            same = [call for call in self._calls if call.key == key]
        elif id:
            same = [call for call in self._calls if call.id == id]
        elif name and not (self._calls and self._calls[-1].name == name and not self._calls[-1].is_whole):
            return None
        else:
            same = self._calls
        if not same:
            return None
        call = same[-1]
        if id and call.id and id != call.id and name:
            return None
        # The same index for a second call, told only by its name coming again after a whole input.
        if name and not id and input.startswith("{") and call.is_whole:
            return None
        return call

    def _live(self) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        while self._passed_on < len(self._calls):
            events += self._pass_on(self._passed_on)
            if self._passed_on == len(self._calls) - 1 or not self._calls[self._passed_on].is_whole:
                break
            self._passed_on += 1
        return events

    def _pass_on(self, index: int) -> list[AnyEvent]:
        call, events = self._calls[index], list[AnyEvent]()
        if not call.announced:
            # A call without a name cannot be announced; it may come in the next piece.
            if not call.name and self._passed_on == len(self._calls) - 1 and not call.pieces:
                return events
            call.announced = True
            id = call.id or f"call_{self._seed}_{self._choice}_{index}"
            events.append(ToolCall(index, id, call.name, self._choice))
        if call.sent < len(call.pieces):
            events.append(ToolInput(index, "".join(call.pieces[call.sent :]), self._choice))
            call.sent = len(call.pieces)
        return events


def input_text(value: object) -> str:
    """A call's input as JSON text, also where the vendor sent it as an object."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def text(value: Any) -> str:
    """A vendor's id or name: a string, or nothing."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
