"""
The engine: starts runs, feeds their logs, stops them, and picks up what a crash left behind.

Theory of operation. A dialect hands over a `Call` and gets a `Run`. From then on the run does not
need its client: the engine's task asks the provider and appends what comes; the group commit makes
it durable and shows it; whoever wants to read follows the run's log. Nobody but the engine reads a
provider, nobody but the engine writes a log.

A run ends in exactly one way. `_drive` decides which: the provider finished, or broke (Failed), or
the task was cancelled, because a limit passed (Failed) or because somebody stopped it (Stopped).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from headgate.calls import Call
from headgate.errors import HeadgateError, NotFound, Unavailable
from headgate.events import AnyEvent, Last
from headgate.metrics import Meters
from headgate.runs import ends
from headgate.runs.archive import Archive
from headgate.runs.attempt import Attempt
from headgate.runs.beginnings import Beginnings
from headgate.runs.bill import Billing
from headgate.runs.catalogue import Catalogue
from headgate.runs.commit import GroupCommit
from headgate.runs.desk import Desk
from headgate.runs.drive import Drive, Route
from headgate.runs.gauges import watch
from headgate.runs.house import keep_house
from headgate.runs.ids import is_run_id, new_run_id
from headgate.runs.live import Live
from headgate.runs.parting import Parting
from headgate.runs.pool import Pool
from headgate.runs.room import RoomWatch
from headgate.runs.rounds import Equipment, Past, Rounds, Workshop
from headgate.runs.run import END, ENDING, Follower, Run
from headgate.runs.settings import Settings
from headgate.runs.ticking import TICK, Ticking
from headgate.runs.tries import Tries
from headgate.runs.wishes import NOTHING, Wishes, wishes_again
from headgate.store.base import Filter, Head, Record, Store, Summary
from headgate.tools import Toolbox

log = logging.getLogger(__name__)

LAST_WORDS = 5.0
"""Seconds that cancelled runs have to end when the server does."""


_encode = msgspec.json.Encoder().encode


class Engine:
    """Runs runs."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        settings: Settings,
        pools: Mapping[str, Pool] | None = None,
        meters: Meters | None = None,
        toolbox: Toolbox | None = None,
    ) -> None:
        self._meters = meters = meters or Meters()
        self.catalogue = catalogue
        self._store, self._settings = store, settings
        self._loop = asyncio.get_running_loop()
        self._commit = GroupCommit(store, settings.commit_interval, self._on_over, meters)
        self._live = Live()
        self._parting = Parting()
        self._room = RoomWatch(store, settings.max_size, settings.min_free)
        self._listeners: list[Callable[[Run], None]] = []
        self._farewells: list[Callable[[], Awaitable[None]]] = []
        self._others: list[Callable[[], bool]] = []
        self._archive = Archive(store)
        self._billing = Billing(settings.prices)
        toolbox = toolbox or Toolbox()
        self.equipment = Equipment(toolbox, catalogue.assistants)
        self._workshop = Workshop(toolbox, self._billing, self._commit.settle)
        watch(meters, self._live, self._archive, self._room)
        self._attempts: set[Attempt] = set()
        self._beginnings = Beginnings(meters)
        self._desk = Desk(
            self._append,
            self._loop.time,
            {} if pools is None else pools,
            self._attempts,
            settings.hedge,
            settings.goes_on,
            Tries(meters, settings.tracer),
        )
        self._tasks = asyncio.TaskGroup()
        self._is_closing = False

    # Living.

    async def open(
        self, replay: Callable[[Record], Call | None], on_left: Callable[[Run], None] = lambda run: None
    ) -> None:
        """
        Take possession of the store and end or repeat what a crash left behind.

        `on_left` is told of every such run, before anything more happens to it.
        """
        orphans = await self._store.open()
        await self._room.look()
        self.equipment.open()
        await self._tasks.__aenter__()
        self._tasks.create_task(self._commit.work())
        house = self._tasks.create_task(keep_house(self._archive, self._room, self._settings.retention))
        ticking = Ticking(
            self._commit, self._parting, self._attempts, self._live, self._settings.keep_alive, self._meters
        )
        self._chores = [self._tasks.create_task(ticking.tick()), house]
        for record in sorted(orphans, key=lambda record: record.head.run):
            await self._recover(record, replay, on_left)

    async def close(self, grace: float, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """Let live runs finish for so long, end the rest, and let go of the store."""
        self._is_closing = True
        until = self._loop.time() + grace
        while self._is_busy and self._loop.time() < until and not is_hurried():
            await asyncio.sleep(TICK)
        tasks = [run.task for run in self._live if run.task is not None]
        for run in list(self._live):
            self._cancel(run, "shutdown")
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=LAST_WORDS)
            # Who is still there waits for tokens to be counted, of which there may be very many.
            self._billing.close()
            if late:
                await asyncio.wait(late, timeout=LAST_WORDS)
        self._commit.finish()
        for chore in self._chores:
            chore.cancel()
        await self._tasks.__aexit__(None, None, None)
        self._billing.close()
        for farewell in self._farewells:
            await farewell()
        await self._store.close()

    # What dialects use.

    def start(self, call: Call, route: Route, *, owner: str, wishes: Wishes = NOTHING) -> Run:
        """Begin a run; it goes on without its caller until it ends or is stopped."""
        self._refuse_if_unable(call.store)
        asked = self.equipment.equip(call, owner)
        head = Head(new_run_id(), owner, time.time(), call.format, call.model, _encode(call.fields))
        if wishes is not NOTHING or self._settings.hooks:
            head = self._with_wishes(head, wishes, call.store)
        run = Run(head, durable=call.store)
        if self._settings.tracer is not None:
            run.trace = self._settings.tracer.begin(*wishes.trace)
        run.bill = self._billing.bill(call)
        self._live.add(run, head.names)
        self._beginnings.add(call)
        self._begin(run, asked, route, wishes)
        return run

    def _with_wishes(self, head: Head, wishes: Wishes, is_stored: bool) -> Head:
        for hook in wishes.hooks:
            self._settings.check_hook(hook)
        return msgspec.structs.replace(
            head,
            keep=wishes.keep,
            names=wishes.names,
            note=wishes.note,
            retention=wishes.retention,
            hooks=(*wishes.hooks, *self._settings.hooks) if is_stored else (),
            own_key=wishes.key != "",
            fingerprint=wishes.fingerprint,
            limits=wishes.kept_limits,
        )

    async def settle(self, run: Run) -> None:
        """Wait until a run that has just begun is kept, if it is to be; raises StoreError when it cannot be."""
        if run.durable and not run.shown and not run.is_over:
            await self._commit.settle(run)

    async def find(self, run: str, owner: str) -> Run:
        """A run of this owner, live or kept; raises NotFound, the same for another's run as for none."""
        found = self._live.get(run) or self._archive.held(run)
        if found is None and is_run_id(run):
            # It may have ended between the two looks, or still be on its way to the store.
            found = await self._archive.get(run, owner) or self._live.get(run)
        if found is None or found.head.owner != owner:
            raise NotFound(f"There is no run '{run[:100]}'.", code="run_not_found")
        return found

    def live_named(self, name: str) -> Run | None:
        """The run at work with that name, whoever's it is."""
        return self._live.named(name)

    async def named(self, name: str) -> Run | None:
        """The run with that name, live or kept; whoever asks must know who may see it."""
        found = self._live.named(name) or await self._archive.named(name)
        # It may have begun, or ended, between the two looks.
        return self._live.named(name) or found

    async def delete(self, run: Run) -> None:
        """Forget a run; one that is at work is stopped first."""
        await self.stop(run)
        await self._commit.settle_end(run)
        await self._archive.delete(run)

    async def recent(
        self, owner: str, *, limit: int, before: str | None = None, filter: Filter | None = None
    ) -> tuple[list[Run], list[Summary]]:
        """An owner's live runs and those kept, each newest first."""
        live = self._live.of(owner, before, filter)[:limit]
        if filter is not None and filter.status == "running":
            return live, []
        return live, await self._store.recent(owner, limit=limit, before=before, filter=filter)

    async def stop(self, run: Run, by: str = "user") -> None:
        """End a run; returns when its end is kept. A run that is over stays as it is."""
        if not run.has_ended:
            self._cancel(run, by)
        follower = self.follow(run)
        try:
            while not run.is_over:
                await follower.news(run.shown)
        finally:
            run.followers.discard(follower)

    def follow(self, run: Run) -> Follower:
        """A new reader of a run; to be given back with `leave`."""
        follower = Follower(run, self._loop)
        run.followers.add(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """A reader is done, or gone; a run that nobody asked to keep ends with its last reader."""
        run = follower.run
        run.followers.discard(follower)
        if not run.followers and run.ended is None and not run.head.keep:
            self._cancel(run, "disconnect")

    def listen(self, told: Callable[[Run], None]) -> None:
        """Have somebody told of every run that is over."""
        self._listeners.append(told)

    def before_close(self, farewell: Callable[[], Awaitable[None]]) -> None:
        """Have somebody finish their work when all runs are over, and the store is still open."""
        self._farewells.append(farewell)

    def also_wait_for(self, is_busy: Callable[[], bool]) -> None:
        """Have somebody else's work get the grace that runs get when all ends."""
        self._others.append(is_busy)

    @property
    def store(self) -> Store:
        """Where runs are kept, for those who keep something beside them."""
        return self._store

    @property
    def commits(self) -> GroupCommit:
        """Who takes what happens to the store, for those who have more to be kept."""
        return self._commit

    @property
    def trouble(self) -> HeadgateError | None:
        """Why nothing can be kept at the moment, if so."""
        return self._commit.trouble or self._room.trouble

    @property
    def live_runs(self) -> int:
        """How many runs are at work."""
        return len(self._live.runs)

    @property
    def _is_busy(self) -> bool:
        """Whether anybody still waits for an end; a run whose end is shown may be waiting for the store alone."""
        return any(not run.is_over for run in self._live) or any(is_busy() for is_busy in self._others)

    # Running.

    def _refuse_if_unable(self, durable: bool) -> None:
        if self._is_closing:
            raise Unavailable("The server is shutting down.", code="shutting_down", retry_after=5)
        # Properties take a while; there is no trouble where nothing was refused, and there is room.
        has_trouble = self._commit.refused is not None or self._room.trouble is not None
        if durable and has_trouble and (trouble := self.trouble) is not None:
            raise Unavailable(trouble.message, code=trouble.code, retry_after=5)
        if len(self._live.runs) >= self._settings.max_live:
            raise Unavailable("Too many runs are at work.", code="overloaded", retry_after=1)

    def _begin(self, run: Run, call: Call, route: Route, wishes: Wishes = NOTHING) -> None:
        if run.durable and not run.is_begun:
            self._commit.add_quietly(run)
        # Held by its run, which is held by `_live` until it is over; `close` waits for all of them.
        # Named, because to number it takes a good part of making it.
        run.task = asyncio.Task(self._drive(run, call, route, wishes), loop=self._loop, name="run")

    async def _drive(self, run: Run, call: Call, route: Route, wishes: Wishes, past: Past | None = None) -> None:
        if run.has_ended:
            return
        run.is_driven = True
        end: Last
        try:
            if past is not None:
                call, route = await self._asked_again(run, call, past)
            await self._way(run, call, route, wishes).go()
            end = ends.UNFINISHED
        except asyncio.CancelledError:
            end = ends.stopped(run)
        except HeadgateError as error:
            end = ends.failed(error.bare())
        except Exception:
            log.exception("The run %s broke", run.id)
            end = ends.BROKEN
        if run.ended is None or run.is_ending:
            await self._end(run, end)

    def _way(self, run: Run, call: Call, route: Route, wishes: Wishes) -> Drive | Rounds:
        if call.added is None or not call.added.tools:
            return Drive(run, call, route, wishes, self._desk)
        return Rounds(run, call, route, wishes, self._desk, self._workshop)

    async def _end(self, run: Run, end: Last) -> None:
        """End a run that has not ended itself, as an answer that is whole does."""
        events: Sequence[AnyEvent] = [end]
        if run.bill is not None:
            events = await run.bill.settle(run.events, run.started, end)
            if run.is_ending:
                run.ended = None
        self._append(run, events)

    def _append(self, run: Run, events: Sequence[AnyEvent]) -> None:
        """The one place where logs grow. Nothing follows a run's end."""
        if run.ended is not None:
            return
        urgency = run.add(events)
        if run.durable:
            self._commit.add(run, urgency, len(self._live.runs))
            return
        run.show(len(run.events))
        if urgency is END:
            self._on_over(run)

    def _on_over(self, run: Run) -> None:
        self._live.drop(run)
        self._parting.add(run)
        for told in self._listeners:
            told(run)

    def _cancel(self, run: Run, by: str) -> None:
        if run.stopped_by is not None:
            return
        run.stopped_by = by
        if run.is_driven and run.task is not None:
            run.task.cancel()
        else:
            # Its task has not had its first turn yet, and will see that there is nothing left to do.
            self._append(run, [ends.stopped(run)])

    # After a crash.

    async def _recover(
        self, record: Record, replay: Callable[[Record], Call | None], on_left: Callable[[Run], None]
    ) -> None:
        """
        Repeat a run that nothing came of and that somebody still waits for, or go on with one that stands between
        two rounds; end any other one.

        What was kept of an answer stays, and its log says that its producer was lost, or in which function.
        """
        run = Run.kept(record.head, record.events, None)
        past = Past(run.events)
        is_worth_it = run.head.keep and (past.is_nothing or past.is_between) and not run.head.own_key
        call = replay(record) if is_worth_it or not past.is_nothing else None
        run.bill = self._billing.bill(call, run.events)
        self._live.add(run, [name for name in run.head.names if await self._is_newest(run, name)])
        on_left(run)
        if is_worth_it and call is not None:
            # What it needs may take a while to come, for which nobody should wait at the start.
            run.task = self._loop.create_task(self._drive(run, call, (), wishes_again(run.head), past))
        elif run.bill.is_short(run.events):
            await self._end(run, past.end)
        else:
            # Nobody should wait for that at the start; and nobody can end it in another way meanwhile.
            run.ended = ENDING
            run.task = self._loop.create_task(self._end(run, past.end))

    async def _asked_again(self, run: Run, call: Call, past: Past) -> tuple[Call, Route]:
        """What a run that was left asks, and whom; raises HeadgateError where it cannot go on."""
        route = await self.catalogue.route(call.model, call.fallbacks)
        await self.equipment.prepare(call)
        if self.equipment.may_repeat([each.name for each in past.open], run.head.owner):
            asked = self.equipment.equip(call, run.head.owner)
            if past.may_go_on(asked):
                return asked, route
        raise HeadgateError(past.end.message, code=past.end.code, status=past.end.status)

    async def _is_newest(self, run: Run, name: str) -> bool:
        """Whether no newer run that is over has that name."""
        kept = await self._store.named(name)
        return kept is None or kept.head.run < run.id
