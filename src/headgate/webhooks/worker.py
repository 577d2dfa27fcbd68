"""
Tells receivers that runs are over.

Theory of operation. The end of a run and one waiting delivery for each of its hooks are kept in the
same transaction, so a message is never forgotten, whatever dies when. The worker looks at what the
store says is due: at once when a run with hooks ends, when the earliest delivery falls due, and
after a start. Each try is recorded with where the delivery stands then. A crash between an answer
and its record means one more try: a message comes at least once, always under the same id, and
receivers tell by it that they had it before.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from headgate.errors import HeadgateError
from headgate.metrics import Meters
from headgate.runs import Run
from headgate.store.base import Delivery, Store, Try
from headgate.webhooks import schedule
from headgate.webhooks.addressing import Addressing, Letter, Unwanted
from headgate.webhooks.lanes import Lanes
from headgate.webhooks.posting import Poster
from headgate.webhooks.signing import signed_headers

log = logging.getLogger(__name__)

BATCH = 1000
"""How many deliveries that are due are looked at, beside those that are held: as long as there are no more, nobody
behind them is overlooked."""

MAX_FRESH = 1000
"""Runs that are just over and wait to be looked at; more are found as everything else is."""

REST = 0.02
"""Seconds between two looks, so that a crowd of ends costs the store one."""

REST_EACH = 0.0001
"""Seconds more for each delivery that a look brought: reading them takes others' time."""

IDLE_REST = 60.0
"""The longest time between two looks: clocks are set, machines sleep."""

BUSY_REST = 1.0
"""The same while some deliveries are held: the store cannot say what falls due behind them."""

LAST_TRIES = 2.0
"""Seconds that tries may go on when the server ends; whatever is cut is tried again after the next start."""

STORE_REST = 1.0
"""Seconds until a store that refused is asked again; to post again is no substitute for keeping a result."""


class Worker:
    """Delivers. Belongs to one event loop."""

    def __init__(
        self,
        store: Store,
        addressing: Addressing,
        poster: Poster,
        *,
        meters: Meters | None = None,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._addressing, self._poster = store, addressing, poster
        self._now, self._chance = now, chance
        self._outcomes = (meters or Meters()).deliveries
        self._lanes = Lanes()
        self._done: set[int] = set()
        """Whose tries ended since the store was last asked: what it says of them may be what was before."""
        self._fresh: deque[tuple[str, str]] = deque()
        """Runs that are just over, and their owners: their messages are not to stand behind a long backlog."""
        self._tries: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin; the store is open."""
        self._working = asyncio.get_running_loop().create_task(self._work())

    def on_over(self, run: Run) -> None:
        """A run is over and kept."""
        if run.head.hooks:
            if len(self._fresh) < MAX_FRESH:
                self._fresh.append((run.id, run.head.owner))
            self.wake()

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    async def close(self) -> None:
        """Tell of the last ends, for a moment; to be called when no more runs end and the store is still open."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait([self._working])
            self._working = None
            with suppress(HeadgateError):
                await self._take_fresh()
        tries = set(self._tries)
        if tries:
            await asyncio.wait(tries, timeout=LAST_TRIES)
        for task in tries:
            task.cancel()
        await asyncio.gather(*tries, return_exceptions=True)
        await self._poster.close()

    async def redeliver(self, delivery: Delivery) -> Delivery:
        """Try it again from the beginning, however it stands; one that is being tried is left to that."""
        if delivery.id in self._lanes:
            return delivery
        again = schedule.again(delivery, self._now())
        await self._store.update_delivery(again)
        self.wake()
        return again

    # Looking for what is due.

    async def _work(self) -> None:
        while True:
            self._woken.clear()
            try:
                found, pause = await self._look()
            except HeadgateError as error:
                log.warning("Webhooks wait for the store: %s", error.message)
                found, pause = 0, BUSY_REST
            except Exception:
                log.exception("The webhooks broke")
                found, pause = 0, BUSY_REST
            await asyncio.sleep(REST + found * REST_EACH)
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _look(self) -> tuple[int, float]:
        """Take up what is due; returns how many deliveries were looked at, and how many seconds to rest."""
        found = 0
        if not self._lanes.is_full:
            self._done.clear()
            await self._take_fresh()
            limit = len(self._lanes) + BATCH
            due = await self._store.due(self._now(), limit)
            found = len(due)
            left = [delivery for delivery in due if not self._take(delivery)]
            self._start()
            if found == limit:
                await self._put_off(left)
                return found, 0.0
        if len(self._lanes):
            return found, BUSY_REST
        earliest = await self._store.next_due()
        return found, IDLE_REST if earliest is None else min(max(earliest - self._now(), 0.0), IDLE_REST)

    async def _take_fresh(self) -> None:
        while self._fresh:
            # Left in its place until it is done, because this may be cancelled.
            deliveries = await self._store.deliveries(*self._fresh[0])
            self._fresh.popleft()
            for delivery in deliveries:
                if delivery.due is not None and delivery.due <= self._now():
                    self._take(delivery)
            self._start()

    def _take(self, delivery: Delivery) -> bool:
        """Whether it is taken care of; False when its receiver's line is too long."""
        if self._is_known(delivery) or self._lanes.is_full:
            return True
        return self._lanes.take(delivery, self._addressing.host_of(delivery))

    def _is_known(self, delivery: Delivery) -> bool:
        return delivery.id in self._lanes or delivery.id in self._done

    async def _put_off(self, deliveries: Sequence[Delivery]) -> None:
        """Get them out of the way, because others may be due behind them; they are back when their turn comes."""
        # One may be news as well, which does not stand in line.
        await self._take_fresh()
        later = []
        for delivery in deliveries:
            if not self._is_known(delivery):
                turn = self._lanes.turn(self._addressing.host_of(delivery), self._now())
                later.append(schedule.later(delivery, self._now(), turn))
        # In one commit: each takes its place in the line of everybody's words.
        await self._store.put_off(later)
        await self._take_fresh()

    def _start(self) -> None:
        for host, delivery in self._lanes.ready():
            task = asyncio.get_running_loop().create_task(self._deliver(delivery, host))
            self._tries.add(task)
            task.add_done_callback(self._tries.discard)

    # One try.

    async def _deliver(self, delivery: Delivery, host: str) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await self._try(delivery)
        except HeadgateError as error:
            log.warning("A webhook of %s waits for the store: %s", delivery.run, error.message)
            await asyncio.sleep(STORE_REST)
        except Exception:
            # One that breaks us would come again for ever, and nobody behind it would ever be reached.
            log.exception("The webhook %d of %s broke", delivery.id, delivery.run)
            await self._keep(schedule.over(delivery, "given_up", "the gateway failed on it; its log says why"), None)
        finally:
            self._lanes.done(delivery.id, host, loop.time() - began)
            self._done.add(delivery.id)
            if self._working is not None:
                self._start()
                self.wake()

    async def _try(self, delivery: Delivery) -> None:
        try:
            letter = await self._letter(delivery)
        except Unwanted as reason:
            return await self._keep(schedule.over(delivery, "skipped", str(reason)), None)
        at = self._now()
        headers = signed_headers(letter.secrets, message_id(delivery), int(at), letter.message.body)
        content = ("content-type", letter.message.content_type)
        outcome = await self._poster.post(letter.url, (content, *headers), letter.message.body)
        stands = schedule.after(delivery, outcome, self._now(), self._chance())
        self._tell(stands)
        self._outcomes.of(stands.status).add()
        await self._keep(stands, Try(at, outcome.status, outcome.error, outcome.seconds))

    async def _letter(self, delivery: Delivery) -> Letter:
        record = await self._store.get(delivery.run, delivery.owner)
        if record is None:
            raise Unwanted("the run was deleted")
        run = Run.kept(record.head, record.events, record.ended)
        return self._addressing.letter(delivery, run, self._store.secret)

    async def _keep(self, delivery: Delivery, tried: Try | None) -> None:
        while True:
            try:
                return await self._store.update_delivery(delivery, tried)
            except HeadgateError as error:
                log.warning("What came of a webhook of %s cannot be kept: %s", delivery.run, error.message)
                await asyncio.sleep(STORE_REST)

    def _tell(self, delivery: Delivery) -> None:
        # Never the whole URL: its path may be all that keeps strangers from posting there.
        level = logging.WARNING if delivery.status == "given_up" else logging.DEBUG
        host = self._addressing.host_of(delivery)
        log.log(level, "Webhook of %s to %s, %s: %s", delivery.run, host, delivery.status, delivery.note)


def message_id(delivery: Delivery) -> str:
    """What receivers know a message by: the same at every try, and after a restart."""
    return f"msg_{delivery.run.removeprefix('run_')}_{delivery.id}"
