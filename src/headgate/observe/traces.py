"""
Traces of runs: what each was and who was asked for it, sent to a collector when it is over.

A run's spans are made of its log and its tries at its end, in a thread; while an answer is made, nothing is done for
them but to note when a try began and when it ended.
"""

from collections.abc import Callable, Sequence

import msgspec

from headgate.events import AnyEvent
from headgate.metrics import operation_of
from headgate.observe.batches import Batches
from headgate.observe.facts import Facts, facts_of
from headgate.runs import Run
from headgate.runs.executions import Execution
from headgate.runs.trace import Trace
from headgate.runs.tries import Try
from headgate.store.base import Head

EVERY = 1.0
"""Seconds between two batches."""

MAX_WAITING = 5000
"""Runs that may wait for a slow collector: some megabytes, without what was said in them."""

MAX_WAITING_CONTENTS = 200
"""The same where that is recorded, too."""


class Traced(msgspec.Struct, frozen=True):
    """A run that is over, as far as its spans need it."""

    head: Head
    trace: Trace
    operation: str
    ended: float
    first_at: float | None
    tries: Sequence[Try]
    facts: Facts
    answer_id: str
    """The provider's own of the answer."""
    executed: Sequence[Execution] = ()
    events: Sequence[AnyEvent] = ()
    """What was said; only where that is recorded."""


class Traces:
    """Hands runs that are over to whoever makes spans of them."""

    def __init__(
        self, export: Callable[[Sequence[Traced]], None], on_close: Callable[[], None], *, contents: bool = False
    ) -> None:
        self._contents, self._on_close = contents, on_close
        limit = MAX_WAITING_CONTENTS if contents else MAX_WAITING
        self._runs = Batches("traces", export, every=EVERY, limit=limit)

    @property
    def dropped(self) -> int:
        """How many runs' traces were lost."""
        return self._runs.dropped

    def on_over(self, run: Run) -> None:
        """A run is over."""
        if run.trace is not None and run.trace.is_sampled and run.ended is not None:
            self._runs.add(self._traced(run, run.trace, run.ended))

    async def close(self) -> None:
        """Send what is left."""
        await self._runs.close()
        self._on_close()

    def _traced(self, run: Run, trace: Trace, ended: float) -> Traced:
        facts = facts_of(run)
        return Traced(
            # Without its request, which may be megabytes of pictures.
            head=run.head if self._contents else msgspec.structs.replace(run.head, request=b""),
            trace=trace,
            operation=operation_of(run.head.format),
            ended=ended,
            first_at=run.first_at,
            tries=run.tries,
            facts=facts,
            answer_id=run.started.id if run.started is not None else "",
            executed=run.executed or (),
            events=run.events if self._contents else (),
        )
