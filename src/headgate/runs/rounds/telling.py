"""What a run's log tells of its rounds: one answer, with one beginning and one end, and no calls of functions."""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from headgate.errors import Tried
from headgate.events import (
    AnyEvent,
    Attempt,
    Continued,
    Finished,
    Started,
    Text,
    ToolCall,
    ToolInput,
    Usage,
)
from headgate.runs.attempt import Append
from headgate.runs.rounds.round import Round
from headgate.runs.run import Run
from headgate.runs.sequel import plain

SEAM = "\n\n"
"""What stands between the words of two rounds, where words are all that a client sees."""

ELSEWHERE = "It was in trouble, and another was asked."


class Telling:
    """Takes what is said in one round after another."""

    def __init__(self, run: Run, append: Append, names: Collection[str]) -> None:
        self._run, self._append, self._names = run, append, names
        """`names` are those of the functions that the server executes."""
        self._who: Started | None = run.started
        """Who spoke last."""
        self._failed: Attempt | None = None
        """Who failed last, in this round."""
        self._is_open = False
        """Whether the words of the round before ended without a space."""
        self._withheld: set[int] = set()
        self._numbers: dict[int, int] = {}
        """What number each of the client's calls has in the log."""

    def take(self, round: Run, events: Sequence[AnyEvent]) -> None:
        """More of a round."""
        round.add(events)
        told = [told for event in events for told in self._told(event)]
        if told:
            self._append(self._run, told)

    def next(self, said: Sequence[AnyEvent]) -> None:
        """A round in which that was said is over, and another follows."""
        words = next((event.delta for event in reversed(said) if isinstance(event, Text) and event.delta), "")
        if words:
            self._is_open = not words[-1].isspace()
        self._failed = None
        self._withheld, self._numbers = set(), {}

    @property
    def has_client_calls(self) -> bool:
        """Whether the model called tools of the client's in this round."""
        return bool(self._numbers)

    def is_kindred(self, round: Round) -> bool:
        """Whether what is said in the terms of that round's provider is in the terms of the log."""
        return (
            round.started is not None
            and self._run.started is not None
            and (round.started.format == self._run.started.format)
        )

    def _told(self, event: AnyEvent) -> Iterator[AnyEvent]:
        match event:
            case Usage() | Finished():
                return
            case Started():
                yield from self._begun(event)
            case ToolCall():
                if event.kind == "function" and event.name in self._names:
                    self._withheld.add(event.index)
                    return
                number = self._numbers[event.index] = len(self._numbers)
                yield from self._in_terms(
                    event if number == event.index else msgspec.structs.replace(event, index=number)
                )
            case ToolInput():
                if event.index not in self._withheld:
                    yield msgspec.structs.replace(event, index=self._numbers.get(event.index, event.index))
            case Text():
                if self._is_open and event.delta:
                    self._is_open = False
                    if not event.delta[0].isspace():
                        yield Text(SEAM)
                yield from self._in_terms(event)
            case Attempt():
                self._failed = event
                yield event
            case _:
                yield from self._in_terms(event)

    def _begun(self, event: Started) -> Iterator[AnyEvent]:
        before, self._who = self._who, event
        if before is None:
            yield event
        elif before.provider != event.provider or (before.model != event.model and self._failed is not None):
            # One that nobody had to take over from may call its model what it likes.
            broke = Tried(before.provider, before.model, 503, "in_trouble", ELSEWHERE)
            if (failed := self._failed) is not None:
                broke = Tried(failed.provider, failed.model, failed.status, failed.code, failed.message, failed.key)
            yield Continued(event.provider, event.model, broke)

    def _in_terms(self, event: AnyEvent) -> Iterator[AnyEvent]:
        """Only what is in the terms of whoever began can stand in the log as it is."""
        began = self._run.started or self._who
        if began is None or self._who is None or began.format == self._who.format:
            yield event
        elif (said := plain(event)) is not None:
            yield said
