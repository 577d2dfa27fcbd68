"""
Rebuilds tool calls the way OpenAI sends them: numbered from 0, one whole before the next.

Vendors leave the index out, give two calls the same one, repeat id and name in every piece, send
the input as an object, or weave two calls into each other. Clients glue all of that together
wrongly. So pieces are sorted into calls here first, and a call is passed on live only while it is
the first that is not yet whole; what arrives for later ones waits its turn.
"""

from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from headgate.events import AnyEvent, Json, ToolCall, ToolInput

Kind: TypeAlias = Literal["function", "custom"]

NO_INPUT = "{}"
"""What a call without input takes: clients parse it."""


class Piece(NamedTuple):
    """A piece of a call, as a vendor sends it."""

    key: object = None
    """The vendor's number of the call; None where it sent none."""
    id: str = ""
    name: str = ""
    input: str = ""
    kind: Kind = "function"
    extra: Json | None = None
    """What `ToolCall.extra` will be."""


class _Open:
    """One call that is being read."""

    def __init__(self, piece: Piece, id: str) -> None:
        self.key, self.kind, self.extra = piece.key, piece.kind, piece.extra
        self.said_id = piece.id
        self.id, self.name = id, piece.name
        self.pieces: list[str] = []
        self.sent = 0
        """How many of the pieces were passed on."""
        self.announced = False

    @property
    def input(self) -> str:
        """The input so far."""
        return "".join(self.pieces)

    @property
    def is_whole(self) -> bool:
        """Whether the input so far is a complete JSON object, so that nothing more is to come."""
        # Asked for every piece: without a look at its end, a long input would cost the square of its size.
        if self.kind == "custom" or not self.pieces or not self.pieces[-1].rstrip().endswith("}"):
            return False
        try:
            msgspec.json.decode(self.input)
        except (msgspec.DecodeError, RecursionError):
            return False
        return True

    @property
    def may_be_replaced(self) -> bool:
        """Whether its input may be a stand-in: some say `{}` first, and the real input after it."""
        return self.kind == "function" and not self.sent and self.input == NO_INPUT


class ToolCalls:
    """The tool calls of one choice."""

    def __init__(self, seed: str, choice: int = 0) -> None:
        self._seed, self._choice = seed, choice
        self._calls: list[_Open] = []
        self._passed_on = 0
        """How many calls are closed: announced, sent whole, never to be touched again."""

    def __len__(self) -> int:
        return len(self._calls)

    def piece(self, piece: Piece) -> list[AnyEvent]:
        """Take one piece."""
        call = self._find(piece)
        if call is None:
            call = self._begin(piece)
        elif piece.input and call.is_whole:
            if piece.input.isspace() or piece.input == call.input:
                return []  # All of it was said again.
            if call.may_be_replaced:
                call.pieces.clear()
            elif piece.input.lstrip().startswith("{"):
                # No object goes on with another one: a second call under the same number.
                call = self._begin(piece._replace(name=piece.name or call.name))
        self._learn(call, piece)
        return self._live()

    def close(self) -> list[AnyEvent]:
        """The answer is over: pass on what had to wait."""
        events: list[AnyEvent] = []
        while self._passed_on < len(self._calls):
            events += self._pass_on(self._passed_on, is_last=True)
            self._passed_on += 1
        return events

    def _begin(self, piece: Piece) -> _Open:
        call = _Open(piece, self._new_id(piece.id))
        self._calls.append(call)
        return call

    def _find(self, piece: Piece) -> _Open | None:
        """The call this piece belongs to; None when it begins a new one."""
        calls = [call for call in self._calls if piece.key in (None, call.key)]
        if not calls:
            # What has neither id nor name begins nothing; some number only a part of their pieces.
            return self._calls[-1] if self._calls and not (piece.id or piece.name) else None
        last = calls[-1]
        if piece.id:
            known = [call for call in calls if call.said_id == piece.id]
            if known:
                return known[-1]
            # Another id is another call only with a name: some give every piece an id of its own.
            if piece.name and last.said_id and last.name:
                return None
        return None if piece.name and last.name and piece.name != last.name else last

    def _learn(self, call: _Open, piece: Piece) -> None:
        call.name = call.name or piece.name
        if piece.id and not call.said_id:
            call.said_id = piece.id
            if not call.announced:
                call.id = self._new_id(piece.id)
        if piece.input:
            call.pieces.append(piece.input)

    def _new_id(self, said: str) -> str:
        """The vendor's own id; another one where it has none or gave it to two calls."""
        if said and all(call.id != said for call in self._calls):
            return said
        return own_id(self._seed, self._choice, len(self._calls))

    def _live(self) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        while self._passed_on < len(self._calls):
            call, is_last = self._calls[self._passed_on], self._passed_on == len(self._calls) - 1
            # A call without a name cannot be announced; it may come in a later piece.
            if not call.name or (is_last and call.may_be_replaced):
                break
            events += self._pass_on(self._passed_on)
            if is_last or not call.is_whole:
                break
            self._passed_on += 1
        return events

    def _pass_on(self, index: int, *, is_last: bool = False) -> list[AnyEvent]:
        call, events = self._calls[index], list[AnyEvent]()
        if not call.announced:
            call.announced = True
            events.append(ToolCall(index, call.id, call.name, self._choice, call.kind, call.extra))
        if is_last and call.kind == "function" and not call.input.strip():
            call.pieces.append(NO_INPUT)
        if call.sent < len(call.pieces):
            events.append(ToolInput(index, "".join(call.pieces[call.sent :]), self._choice))
            call.sent = len(call.pieces)
        return events


def own_id(run: str, *numbers: int) -> str:
    """
    An id for a call that its vendor gave none.

    OpenAI refuses a conversation with an id over 40 characters, so only the run's last ones are in it, which are
    chance and nothing else.
    """
    return "_".join(("call", run[-24:], *map(str, numbers)))


def input_text(value: object) -> str:
    """A call's input as JSON text, also where the vendor sent it as an object."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def text(value: Any) -> str:
    """A vendor's id or name: a string, or nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
