"""What an answer looks like on channels, in each of the two APIs."""

from collections.abc import Sequence

from typing_extensions import override

from headgate.channels import Projection
from headgate.events import AnyEvent, Calling, Failed, Finished, Refusal, Started, Stopped, Text, ToolCall, Usage
from headgate.formats import betterforms
from headgate.formats.betterforms.actions import reason_of


class Simple(Projection):
    """`/stream/create`: pieces of the text, and an end."""

    def __init__(self, action: str) -> None:
        self._action = action

    @override
    def messages(self, events: Sequence[AnyEvent], number: int) -> Sequence[bytes]:
        event = events[number]
        match event:
            case Text(delta, choice=0) | Refusal(delta, choice=0):
                return [self._said(betterforms.delta(delta))]
            case Finished() | Stopped():
                return [self._end(events, event)]
            case Failed():
                return [self._said(betterforms.failure(event)), self._end(events, event)]
            case _:
                return ()

    @override
    def tie(self, event: AnyEvent) -> object:
        return "text" if isinstance(event, Text | Refusal) and event.choice == 0 else None

    @override
    def joined(self, events: Sequence[AnyEvent]) -> bytes:
        texts = [event.delta for event in events if isinstance(event, Text | Refusal)]
        return self._said(betterforms.delta("".join(texts)))

    def _end(self, events: Sequence[AnyEvent], last: AnyEvent) -> bytes:
        return self._said(betterforms.end())

    def _said(self, options: dict[str, object]) -> bytes:
        return betterforms.action(self._action, options)


class Rich(Simple):
    """`/llm/query`: also by what name it can be stopped, which tools are called, and what it took."""

    def __init__(self, action: str, run: str) -> None:
        super().__init__(action)
        self._run = run

    @override
    def messages(self, events: Sequence[AnyEvent], number: int) -> Sequence[bytes]:
        event = events[number]
        first = [self._said(betterforms.thread(self._run))] if self._is_first(events, number) else []
        match event:
            case Started():
                return first
            case ToolCall(choice=0) | Calling():
                return [self._said(betterforms.functions([event.name]))]
            case _:
                return [*first, *super().messages(events, number)]

    @staticmethod
    def _is_first(events: Sequence[AnyEvent], number: int) -> bool:
        """Whether this is what tells that there is an answer: its beginning, or an end without one."""
        if isinstance(events[number], Started):
            return True
        is_last = isinstance(events[number], Finished | Failed | Stopped)
        return is_last and not any(isinstance(event, Started) for event in events[:number])

    @override
    def _end(self, events: Sequence[AnyEvent], last: AnyEvent) -> bytes:
        usage = next((event for event in reversed(events) if isinstance(event, Usage)), None)
        return self._said(betterforms.end(reason_of(last), usage))
