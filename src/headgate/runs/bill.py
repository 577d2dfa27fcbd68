"""
What a run comes to: one `Usage` before its last event, with its cost.

Theory of operation. Nearly every answer ends with its provider's own usage, which only has to be given its
price; that is done where the run ends (`Bill.close`), in a microsecond or two. Where a provider says nothing, or
half of it, or where an answer was stopped or broke, we count: the prompt, and what came. A short text is
counted on the spot. A long one is counted in a thread, in small steps with a rest after each, because whoever
counts keeps Python to himself; the end of the run waits for that (`Bill.settle`).

What was said before an answer broke is not lost: a provider that tells its usage early (`Bill.see`) is believed
as to what went in, and as to what came out for at least as much.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
from typing_extensions import override

from headgate.calls import Call
from headgate.events import (
    LAST,
    LAST_KINDS,
    OUTPUT_KINDS,
    AnyEvent,
    Continued,
    Failed,
    Finished,
    Last,
    Reasoning,
    Refusal,
    Started,
    Text,
    ToolInput,
    Usage,
)
from headgate.formats import counting, measuring
from headgate.formats.counting import Count, Steps, take
from headgate.formats.prompts import PROMPTS
from headgate.formats.voices import SOUNDS
from headgate.runs.price import Measures
from headgate.runs.prices import Prices, rounded

log = logging.getLogger(__name__)

FEW_BYTES, FEW_EVENTS = 5_000, 300
"""What is counted on the spot: it takes well under a millisecond."""

MOST_WAITING = 50
"""Counts that may wait for those before them, a second or two in all: for more the end of an answer does not wait."""

REST = 0.0002
"""Seconds between two steps of a long count, which others may use."""

UNCOUNTED = "The tokens of a run could not be counted"

T = TypeVar("T")

_SPOKEN = (Text, ToolInput, Refusal)
_SAID = (*_SPOKEN, Reasoning)


class Leg(msgspec.Struct):
    """The part of an answer that one provider gave."""

    first: int
    """The number of its first event."""
    provider: str = ""
    asked: str = ""
    """The model, by the name it was asked for."""
    seen: Usage | None = None
    """What the provider has said of its usage."""


class Billing:
    """Makes the bills of all runs, and counts what is long, one text after another."""

    def __init__(self, prices: Prices | None = None) -> None:
        self.prices = prices or Prices()
        self._counter = ThreadPoolExecutor(1, "counting")
        self.is_closed = False
        self._waiting = 0

    def bill(self, call: Call | None, events: Sequence[AnyEvent] = ()) -> "Bill":
        """The bill of a run that begins, or of one that was left with these events; no call is one nobody can read."""
        if events or call is None:
            return self._left(call, events)
        return SoundBill(self, call) if call.format in SOUNDS else Bill(self, call)

    def _left(self, call: Call | None, events: Sequence[AnyEvent]) -> "Bill":
        bill = Bill(self, call) if call is None or call.format not in SOUNDS else SoundBill(self, call)
        for number, event in enumerate(events):
            if isinstance(event, (Started, Continued)):
                bill.answers(event.provider, event.model, number)
        return bill

    async def count(self, steps: Steps[T]) -> T:
        """Take all the steps, without keeping the loop from its work."""
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._counter, self._take_slowly, steps)
        finally:
            self._waiting -= 1

    @property
    def has_time(self) -> bool:
        """Whether there is time for what takes long."""
        return not self.is_closed and self._waiting < MOST_WAITING

    def _take_slowly(self, steps: Steps[T]) -> T:
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            if not self.is_closed:
                time.sleep(REST)

    def close(self) -> None:
        """Nothing more is to be counted, and who waits for that need wait no longer."""
        self.is_closed = True
        self._counter.shutdown(wait=False, cancel_futures=True)


class Bill:
    """One run's."""

    __slots__ = ("_billing", "_call", "_held", "_is_settled", "_legs")

    def __init__(self, billing: Billing, call: Call | None) -> None:
        self._billing = billing
        self._call = call
        self._legs: list[Leg] = []
        self._held: Finished | None = None
        """The end, while what is before it is being counted."""
        self._is_settled = False

    def answers(self, provider: str, model: str, first: int) -> None:
        """From the event of that number on this provider answers, which was asked for a model of that name."""
        self._legs.append(Leg(first, provider, model))

    def see(self, usage: Usage) -> None:
        """What the provider has said of its usage, when its answer breaks."""
        if self._legs:
            self._legs[-1].seen = usage

    def close(self, events: list[AnyEvent], started: Started | None, written: int) -> bool:
        """
        The last event has come: put the bill before it.

        False when counting would take too long here. Then the end has been taken away again, and `settle`
        gives it back. `written` says how many events are facts already.
        """
        if self._is_settled or started is None:
            return True
        end, said = events[-1], events[-2] if len(events) - 2 >= written else None
        if type(said) is Usage:
            if len(self._legs) < 2 and _is_whole(said, events):
                events[-2] = self._priced(said, self._last_leg(), started)
                return True
            self._last_leg().seen = said
            del events[-2]
        if not self._is_owed(events, end):
            return True
        if self.is_short(events):
            events[-1:] = self._counted_at_once(events, started, end)
        elif type(end) is Finished:
            self._held = end
            del events[-1]
            return False
        # Any other end has been settled already, but for that of a run that the store would not keep.
        return True

    async def settle(self, events: Sequence[AnyEvent], started: Started | None, end: Last) -> list[AnyEvent]:
        """The end, with the bill before it, however long counting takes; an end that `close` took away comes first."""
        end, self._held = self._held or end, None
        if started is None or not self._is_owed(events, end) or self.is_short(events):
            # Which `close` can do.
            return [end]
        counts = await self._counts(events)
        self._is_settled = True
        return [end] if counts is None else [self._sum(counts, started, end), end]

    def _counted_at_once(self, events: Sequence[AnyEvent], started: Started, end: AnyEvent) -> list[AnyEvent]:
        try:
            return [self._sum(take(self._steps(events)), started, end), end]
        except Exception:
            # A run has to end, whatever becomes of its bill.
            log.exception(UNCOUNTED)
            return [end]

    async def _counts(self, events: Sequence[AnyEvent]) -> list[Count] | None:
        if not self._billing.has_time:
            return self._rough_counts(events)
        work = asyncio.ensure_future(self._billing.count(self._steps(list(events))))
        while True:
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                if work.cancelled():
                    return self._rough_counts(events)
                # Somebody wants the run to end, which is what it does.
            except Exception:
                log.exception(UNCOUNTED)
                return None

    def _last_leg(self) -> Leg:
        if not self._legs:
            self._legs.append(Leg(0))
        return self._legs[-1]

    def _is_owed(self, events: Sequence[AnyEvent], end: AnyEvent) -> bool:
        """Whether the provider will want to be paid: not for an error in place of an answer."""
        return not isinstance(end, Failed) or self._last_leg().seen is not None or _has_output(events)

    def is_short(self, events: Sequence[AnyEvent]) -> bool:
        """Whether it may be counted on the spot; it is the same with its end and without."""
        has_end = bool(events) and type(events[-1]) in LAST_KINDS
        if len(events) - has_end > FEW_EVENTS:
            return False
        size = sum(map(len, self._call.fields.values())) if self._call is not None else 0
        size += sum([len(event.delta) for event in events if isinstance(event, _SAID)])
        return size <= FEW_BYTES

    def _steps(self, events: Sequence[AnyEvent]) -> Steps[list[Count]]:
        """What each leg was given and gave."""
        asked = yield from _of_request(self._call)
        counts = list[Count]()
        for part in self._parts(events):
            count = yield from counting.of_answer(part)
            counts.append(_after(asked, counts, count))
        return counts

    def _rough_counts(self, events: Sequence[AnyEvent]) -> list[Count]:
        """The same by their letters alone, when there is no time for more."""
        asked = 0 if self._call is None else counting.roughly(_words_of(self._call))
        counts = list[Count]()
        for part in self._parts(events):
            thoughts = "".join([event.delta for event in part if isinstance(event, Reasoning)])
            words = "".join([event.delta for event in part if isinstance(event, _SPOKEN)])
            thought = counting.roughly(thoughts)
            counts.append(_after(asked, counts, Count(0, thought + counting.roughly(words), thought)))
        return counts

    def _parts(self, events: Sequence[AnyEvent]) -> Iterator[Sequence[AnyEvent]]:
        """What each leg gave."""
        firsts = [leg.first for leg in self._legs]
        for first, upto in zip(firsts, [*firsts[1:], len(events)], strict=True):
            yield events[first:upto]

    def _sum(self, counts: Sequence[Count], started: Started, end: AnyEvent) -> Usage:
        usages = []
        for number, (leg, count) in enumerate(zip(self._legs, counts, strict=True)):
            is_whole = number == len(counts) - 1 and isinstance(end, Finished)
            # The name that a model gives itself is known of the first one only.
            named = started if number == 0 else None
            count = Count(*(counting.as_counted_by(leg.asked, part) for part in count))
            usages.append(self._priced(_completed(leg.seen, count, is_whole=is_whole), leg, named))
        return usages[0] if len(usages) == 1 else _together(usages)

    def _priced(self, usage: Usage, leg: Leg, named: Started | None) -> Usage:
        provider, model = (leg.provider, leg.asked) if named is None else (named.provider, named.model)
        priced = self._billing.prices.price(usage, provider, model, leg.asked)
        # Its provider's own words are no longer true of a usage that we have completed.
        return msgspec.structs.replace(priced, extra=None) if usage.estimated and priced.extra is not None else priced


class SoundBill(Bill):
    """That of a speech or a transcription: its price may be one for characters or for minutes."""

    __slots__ = ("_events",)

    @override
    def close(self, events: list[AnyEvent], started: Started | None, written: int) -> bool:
        self._events: Sequence[AnyEvent] = events
        return super().close(events, started, written)

    @override
    async def settle(self, events: Sequence[AnyEvent], started: Started | None, end: Last) -> list[AnyEvent]:
        self._events = events if events and isinstance(events[-1], LAST) else [*events, self._held or end]
        return await super().settle(events, started, end)

    @override
    def _priced(self, usage: Usage, leg: Leg, named: Started | None) -> Usage:
        priced = super()._priced(usage, leg, named)
        if priced.cost is not None or self._call is None:
            return priced
        provider, model = (leg.provider, leg.asked) if named is None else (named.provider, named.model)
        measures = Measures(measuring.characters(self._call), measuring.seconds(self._call, self._events))
        return self._billing.prices.price_sound(priced, measures, provider, model, leg.asked)


def _after(asked: int, before: Sequence[Count], count: Count) -> Count:
    """That count with what went in: what was said so far is part of what the next one is asked."""
    return Count(asked + sum(each.output - each.reasoning for each in before), count.output, count.reasoning)


def _words_of(call: Call) -> str:
    return b" ".join([bytes(raw) for raw in call.fields.values()]).decode(errors="replace")


def _is_whole(said: Usage, events: Sequence[AnyEvent]) -> bool:
    return said.input > 0 and (said.output > 0 or not _has_output(events))


def _has_output(events: Sequence[AnyEvent]) -> bool:
    return not OUTPUT_KINDS.isdisjoint(map(type, events))


def _completed(said: Usage | None, count: Count, *, is_whole: bool) -> Usage:
    """What was said, and for the rest what was counted; of a whole answer what was said of its length is true."""
    if said is None:
        return Usage(count.input, count.output, count.input + count.output, 0, count.reasoning, estimated=True)
    input = said.input or count.input
    output = said.output if is_whole and said.output else max(said.output, count.output)
    if (input, output) == (said.input, said.output):
        return said
    reasoning = min(output, max(said.reasoning, count.reasoning))
    return Usage(input, output, input + output, said.cached, reasoning, said.extra, estimated=True)


def _together(usages: Sequence[Usage]) -> Usage:
    costs = [usage.cost for usage in usages if usage.cost is not None]
    return Usage(
        input=sum(usage.input for usage in usages),
        output=sum(usage.output for usage in usages),
        total=sum(usage.total for usage in usages),
        cached=sum(usage.cached for usage in usages),
        reasoning=sum(usage.reasoning for usage in usages),
        estimated=True,
        cost=rounded(sum(costs)) if len(costs) == len(usages) else None,
    )


def _of_request(call: Call | None) -> Steps[int]:
    if call is None:
        return 0
    try:
        prompt = PROMPTS[call.format](call)
    except Exception:
        # A provider of the same format may take what no other could; and whatever a request holds, the end of
        # its run must not depend on our understanding it.
        return (yield from counting.of_json(_words_of(call)))
    return (yield from counting.of_prompt(prompt))
