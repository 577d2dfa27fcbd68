"""
Group commit: what all runs have to say goes to the store together, and is shown only then.

At most one commit is in flight; the next takes everything that gathered meanwhile. What a commit
costs hardly depends on what is in it, so under load the pace of commits is the price of a token. How long
news may wait, counted from the start of the last commit, is therefore said with it:

    the first words of an answer    not at all
    the end of one                  GATHER, and not at all while hardly anybody else is there, or everybody has ended
    all the rest                    the configured interval, 10 ms

An idle server never waits: there the last commit was long ago.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from headgate.errors import Fenced, StoreError
from headgate.events import Failed, Finished, Usage
from headgate.metrics import Meters
from headgate.runs.run import END, FIRST, NONE, Run, Urgency
from headgate.store.base import End, Segment, Store
from headgate.store.streams import Change

log = logging.getLogger(__name__)

GATHER = 0.004
"""How long the end of an answer may wait for others to end: short answers come in crowds, and this
more than halves what each of them costs. When there is nobody left to wait for, to go on at once costs a seventh
less again: a processor that waits forgets what it was doing."""

FEW = 4
"""With so few runs at work there is no crowd to wait for."""

FAR = float("inf")

RETRIES = (0.05, 0.2, 0.5, 1.0, 2.0)
"""How long to wait between tries when the store refuses: a full disk may be cleared, a busy file
freed. Nothing is shown meanwhile. After the last try the runs concerned are failed."""


PROBE_AFTER = 5.0
"""Seconds after the store's last refusal until a new run may try it."""


class Companion(Protocol):
    """Somebody else whose news are kept together with those of runs."""

    def take(self) -> Sequence[Change]:
        """What is to be kept now."""

    def kept(self) -> None:
        """What was taken is kept."""

    def refused(self, error: StoreError) -> None:
        """What was taken could not be kept."""


_NO_USAGE = Usage(0, 0, 0)


class GroupCommit:
    """Takes the news of all runs to the store."""

    def __init__(
        self, store: Store, interval: float, on_over: Callable[[Run], None], meters: Meters | None = None
    ) -> None:
        self._store, self._interval, self._on_over = store, interval, on_over
        self._meters = meters or Meters()
        self._seconds, self._events = self._meters.commits.of(), self._meters.commit_events.of()
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Run] = []
        self._owed: list[Run] = []
        """Runs that were given up: their end is shown, but not kept yet."""
        self.is_ending = False
        """Nothing more may come."""
        self._go = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._due = FAR
        """When the next commit is to start; FAR when nothing asks for one, 0 when it may start now."""
        self._last = 0.0
        """When the last one started."""
        self.refused: StoreError | None = None
        """What the store said last, if it refused."""
        self._failed_at = 0.0
        self._awaited: dict[Run, asyncio.Future[None]] = {}
        """Runs whose beginning somebody waits to have kept."""
        self._companion: Companion | None = None
        self._is_accompanied = False
        """Whether the companion has news."""
        self._ends = 0
        """How many ends wait for others."""

    @property
    def trouble(self) -> StoreError | None:
        """
        Why nothing can be kept at the moment.

        A while after the last refusal it is tried again, to find out whether it is over.
        """
        if isinstance(self.refused, Fenced):
            return self.refused
        return self.refused if self.refused is not None and self._loop.time() < self._failed_at + PROBE_AFTER else None

    def add(self, run: Run, urgency: Urgency, others: int) -> None:
        """This run has news; `others` is how many runs are at work."""
        if not run.is_waiting:
            run.is_waiting = True
            self._waiting.append(run)
        if urgency is NONE:
            due = self._last + self._interval
        elif urgency is END and others > FEW:
            self._ends += 1
            due = self._last + GATHER if self._ends < others else 0.0
        else:
            due = 0.0
        if due < self._due:
            self._start_at(due)

    def _start_at(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due <= self._loop.time():
            self._due = 0.0
            self._go.set()
        else:
            self._due = due
            self._timer = self._loop.call_at(due, self._go.set)

    def take_along(self, companion: Companion) -> None:
        """Have somebody's news kept together with those of runs, whenever there are any."""
        self._companion = companion

    def add_companion(self, others: int) -> None:
        """The companion has news, which somebody waits for; `others` is how many do."""
        self._is_accompanied = True
        due = self._last + GATHER if others > FEW else 0.0
        if due < self._due:
            self._start_at(due)

    def add_quietly(self, run: Run) -> None:
        """This run has begun: to be kept with the next commit, whenever that is; `nudge` sees to it."""
        run.is_waiting = True
        self._waiting.append(run)

    async def settle(self, run: Run) -> None:
        """Have a run kept at once as far as it is; raises StoreError when its beginning cannot be."""
        if run not in self._awaited:
            self._awaited[run] = self._loop.create_future()
            # An end that is on its way to the store must not go there twice.
            if not (run.is_begun and run.has_ended and run.written == len(run.events)):
                self.add(run, FIRST, 0)
        await asyncio.shield(self._awaited[run])
        if not run.is_begun and isinstance(run.last, Failed):
            raise StoreError(run.last.message, code=run.last.code)

    async def settle_end(self, run: Run) -> None:
        """Have the end of a run kept now, if it is owed; raises StoreError when it cannot be."""
        if run in self._owed:
            self._owed.remove(run)
            await self.settle(run)
        if run in self._owed and isinstance(run.last, Failed):
            raise StoreError(run.last.message, code=run.last.code)

    def nudge(self) -> None:
        """Called now and then, so that a quiet beginning, or an end that is owed, is kept even when nothing happens."""
        if self._owed and self.trouble is None:
            self._pay()
        if self._waiting and self._due is FAR:
            self._start_at(0.0)

    async def work(self) -> None:
        """Commit, until told that there will be no more and all is kept."""
        while self._waiting or self._is_accompanied or not self.is_ending:
            await self._go.wait()
            self._go.clear()
            self._timer, self._due = None, FAR
            self._last, self._ends = self._loop.time(), 0
            if self._waiting or self._is_accompanied:
                await self._commit()

    def finish(self) -> None:
        """Nothing more will come: `work` keeps what is left, and ends."""
        self.is_ending = True
        self._pay()
        self._start_at(0.0)

    async def _commit(self) -> None:
        runs, self._waiting = self._waiting, []
        batch = []
        for run in runs:
            run.is_waiting = False
            batch.append(_segment(run))
        changes = self._take_changes() if self._is_accompanied else ()
        began = time.perf_counter()
        refused = None
        try:
            if batch and changes:
                refused = await self._keep_both(batch, changes)
            else:
                await self._keep(batch, changes)
        except StoreError as error:
            log.error("%d runs could not be kept: %s", len(runs), error.message)
            if self._companion is not None and changes:
                self._companion.refused(error)
            for run, segment in zip(runs, batch, strict=True):
                self._give_up(run, segment, error)
        else:
            self._seconds.observe(time.perf_counter() - began)
            self._events.observe(float(sum([len(segment.events) for segment in batch])))
            for run, segment in zip(runs, batch, strict=True):
                run.show(segment.first + len(segment.events))
            # After the others: what is done for one of many alike takes less time than for one by itself.
            for run, segment in zip(runs, batch, strict=True):
                if segment.end is not None:
                    self._on_over(run)
            if self._companion is not None and changes:
                self._companion.kept() if refused is None else self._companion.refused(refused)
        if self._awaited:
            for run in runs:
                if (awaited := self._awaited.pop(run, None)) is not None:
                    awaited.set_result(None)

    def _take_changes(self) -> Sequence[Change]:
        self._is_accompanied = False
        assert self._companion is not None, "it has news"
        return self._companion.take()

    async def _keep_both(self, batch: list[Segment], changes: Sequence[Change]) -> StoreError | None:
        """Keep what runs have to say, whatever becomes of the companion's changes: says why those were refused."""
        try:
            await self._store.append(batch, changes)
        except Fenced:
            raise
        except StoreError as error:
            log.warning("The store refused %d segments, and changes beside them: %s", len(batch), error.message)
        else:
            self.refused = None
            return None
        await self._keep(batch)
        try:
            await self._store.append([], changes)
        except StoreError as error:
            return error
        return None

    async def _keep(self, batch: list[Segment], changes: Sequence[Change] = ()) -> None:
        for pause in (*RETRIES, None):
            try:
                await (self._store.append(batch, changes) if changes else self._store.append(batch))
            except StoreError as error:
                self.refused, self._failed_at = error, self._loop.time()
                self._meters.commit_refused.of(error.code).add()
                # A companion's changes may be too large for what runs still have room for: none waits for them.
                if pause is None or isinstance(error, Fenced) or (not batch and self._waiting):
                    raise
                log.warning("The store refused %d segments, trying again in %s s: %s", len(batch), pause, error.message)
                await asyncio.sleep(pause)
            else:
                self.refused = None
                return

    def _give_up(self, run: Run, refused: Segment, error: StoreError) -> None:
        """
        Nothing of what the store refused is ever shown. What was kept stays; the readers are told.

        The log is owed its end, which is kept as soon as the store takes anything again. Should the
        server end before that, the next one finds a log without an end (producer_lost).
        """
        run.is_begun = refused.head is None
        if not run.is_over:
            run.take_back()
            run.add([Failed(error.code, error.message, error.status)])
            run.show(len(run.events))
        run.written = refused.first
        if run.task is not None:
            run.task.cancel()
        if isinstance(error, Fenced):
            self._on_over(run)
        elif not run.is_waiting:
            self._owed.append(run)

    def _pay(self) -> None:
        for run in self._owed:
            run.is_waiting = True
        self._waiting += self._owed
        self._owed = []


def _segment(run: Run) -> Segment:
    first, run.written = run.written, len(run.events)
    head = None if run.is_begun else run.head
    run.is_begun = True
    end = None if run.ended is None or run.is_ending else _end(run, run.ended)
    return Segment(run.id, first, run.events[first:], head, end)


def _end(run: Run, ended: float) -> End:
    events, started = run.events, run.started
    last, before = events[-1], events[-2] if len(events) > 1 else None
    status = "finished" if type(last) is Finished else "failed" if type(last) is Failed else "stopped"
    # By the grammar of events, usage stands just before the end.
    usage = before if type(before) is Usage else _NO_USAGE
    return End(
        head=run.head,
        ended=ended,
        status=status,
        provider=started.provider if started else "",
        model=started.model if started else "",
        input_tokens=usage.input,
        output_tokens=usage.output,
        cost=usage.cost,
        estimated=None if usage is _NO_USAGE else usage.estimated,
        events=events,
    )
