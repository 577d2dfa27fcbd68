"""
What a crash left of a run with functions, read from its log.

Where every call has its result, the next round may be asked as if nothing had happened. Where a call has none, nobody
knows whether the function was executed: only one that may be executed twice is called again, and the log then has two
notes of the call. What was said of a round that was not whole cannot be gone on from.
"""

from collections.abc import Sequence

import msgspec

from headgate.calls import Call
from headgate.events import (
    AnyEvent,
    Attempt,
    Called,
    Calling,
    Continued,
    Failed,
    Finished,
    Started,
    Text,
    ToolCall,
    ToolInput,
)
from headgate.runs import ends


class PastRound(msgspec.Struct):
    """One whole round: what was said, which functions it called, and what came of them."""

    said: list[AnyEvent]
    calls: dict[str, Calling | Called]
    outcomes: dict[str, Called]

    def events(self) -> list[AnyEvent]:
        """As its provider said it."""
        calls: list[AnyEvent] = []
        for index, call in enumerate(self.calls.values()):
            extra = call.extra if isinstance(call, Calling) else None
            calls += [ToolCall(index, call.id, call.name, extra=extra), ToolInput(index, call.arguments)]
        return [*self.said, *calls, Finished("tool_calls")]


class Past:
    """The log of a run that has no end."""

    def __init__(self, events: Sequence[AnyEvent]) -> None:
        self.rounds: list[PastRound] = []
        self.is_nothing = all(isinstance(event, Attempt) for event in events)
        """Whether nothing has come of it."""
        self._started: Started | None = None
        self._said: list[AnyEvent] = []
        for event in events:
            self._add(event)

    def _add(self, event: AnyEvent) -> None:
        match event:
            case Started():
                self._started = event
            case Attempt() | Continued():
                pass
            case Calling() | Called():
                self._add_call(event)
            case Text(delta) if self.rounds and not self._said and delta.isspace():
                pass  # What stands between the words of two rounds.
            case _:
                self._said.append(event)

    def _add_call(self, event: Calling | Called) -> None:
        if self._said or not self.rounds or (isinstance(event, Calling) and self._is_new(event)):
            before = [] if self._started is None else [self._started]
            self.rounds.append(PastRound([*before, *self._said], {}, {}))
            self._said = []
        last = self.rounds[-1]
        last.calls.setdefault(event.id, event)
        if isinstance(event, Called):
            last.outcomes[event.id] = event

    def _is_new(self, event: Calling) -> bool:
        """Whether it begins another round: all calls of one are noted before any of them is answered."""
        last = self.rounds[-1]
        return bool(last.outcomes) and event.id not in last.calls

    @property
    def is_between(self) -> bool:
        """Whether it stands after calls of functions, with nothing said since."""
        return bool(self.rounds) and not self._said

    @property
    def open(self) -> list[Calling]:
        """Calls of which nobody knows what came."""
        if not self.rounds:
            return []
        last = self.rounds[-1]
        return [call for id, call in last.calls.items() if isinstance(call, Calling) and id not in last.outcomes]

    def may_go_on(self, call: Call) -> bool:
        """Whether that call is for one who knows what was said: without functions there would be no rounds."""
        return not self.rounds or (call.added is not None and bool(call.added.tools))

    @property
    def end(self) -> Failed:
        """How such a run ends, if it cannot be gone on with."""
        names = sorted({f"'{call.name[:100]}'" for call in self.open})
        return ends.interrupted(names) if names else ends.LOST
