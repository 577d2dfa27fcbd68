"""
All subscriptions: who wants one gets it here, and who is to be woken is called from here.

Theory of operation. Streams say when they have grown; what a subscription then has to do is looked at soon after,
once, however much came. That somebody is called is kept before it is done, so no two wakes ever have the same
number; what is to be done is seen from how far the streams go and how far somebody is with them, so no crash
can lose it. A call that may have been lost with the process is made again, when its lease is over.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from headgate.errors import HeadgateError
from headgate.store.subscriptions import Link
from headgate.streams.errors import GoneStream, NoStream
from headgate.streams.library import Library
from headgate.streams.offsets import offset_of
from headgate.streams.stream import Stream
from headgate.streams.waking.calling import Answered, Caller, Post, says_done
from headgate.streams.waking.errors import InvalidRequest, NoSubscription, OtherSubscription, TooManySubscriptions
from headgate.streams.waking.limits import STORE_REST, Limits, pause_after
from headgate.streams.waking.seat import Seat
from headgate.streams.waking.signing import Signer
from headgate.streams.waking.subscription import NOTHING, Subscription
from headgate.streams.waking.tokens import Tokens, wake_id
from headgate.streams.waking.wish import Made, Wish

log = logging.getLogger(__name__)


class Desk:
    """Belongs to one event loop."""

    def __init__(
        self,
        library: Library,
        signer: Signer,
        tokens: Tokens,
        post: Post,
        limits: Limits | None = None,
        *,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._library, self.signer, self.tokens = library, signer, tokens
        self.limits = limits or Limits()
        self._now, self._chance = now, chance
        self._caller = Caller(library, signer, tokens, post, now)
        self._seats: dict[str, dict[str, Seat]] = {}
        """Everybody's, by owner and name."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._making = asyncio.Lock()
        self._is_closed = False

    async def open(self) -> None:
        """The store is open: go on where the last process was."""
        ends: dict[str, dict[str, int]] = {}
        for kept, links in await self._library.store.subscriptions():
            if kept.owner not in ends:
                ends[kept.owner] = dict(await self._library.store.stream_ends(kept.owner))
            seat = Seat.kept(self._library.store, kept, links)
            self._seats.setdefault(kept.owner, {})[kept.id] = seat
        for owner, seats in self._seats.items():
            for seat in seats.values():
                seat.catch_up(ends[owner])
                for stream, end in ends[owner].items():
                    self._look(seat, stream, offset_of(end))
                self._resume(seat)
        self._library.listen(self._on_news)

    def _resume(self, seat: Seat) -> None:
        state = seat.subscription.state
        if not seat.subscription.is_webhook and state.wake is not None and state.holder is None:
            # The last process may have ended before it wrote that.
            self._start(self._call(seat))
        self._arm(seat)
        self._stir(seat)

    async def close(self) -> None:
        """Whatever is under way is done again after the next start."""
        self._is_closed = True
        for seats in self._seats.values():
            for seat in seats.values():
                if seat.timer is not None:
                    seat.timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Making and changing.

    async def make(self, owner: str, id: str, wish: Wish, address: str) -> tuple[Subscription, bool]:
        """A subscription as it is wished, and whether it is new; raises OtherSubscription when there is another."""
        async with self._making:
            seats = self._seats.get(owner, {})
            if (known := seats.get(id)) is not None:
                if known.subscription.made.wish != wish:
                    raise OtherSubscription
                return known.subscription, False
            if len(seats) >= self.limits.subscriptions:
                raise TooManySubscriptions(
                    f"There are {self.limits.subscriptions} subscriptions already ([streams] max_subscriptions)."
                )
            if wish.kind == "webhook":
                self.signer.public(owner)
            made = Made(wish, self._now(), address)
            ends = dict(await self._library.store.stream_ends(owner))
            seat = Seat(self._library.store, self._subscription(owner, id, made, ends))
            await seat.begin()
            self._seats.setdefault(owner, {})[id] = seat
        # What came between the look at the streams and now.
        seat.catch_up(dict(await self._library.store.stream_ends(owner)))
        self._stir(seat)
        return seat.subscription, True

    def _subscription(self, owner: str, id: str, made: Made, ends: Mapping[str, int]) -> Subscription:
        """A new one, which has nothing to do with what came before it."""
        wish = made.wish
        links = {
            stream: Link(stream, offset_of(ends[stream]) if stream in ends else NOTHING, True)
            for stream in wish.streams
        }
        subscription = Subscription(owner, id, made)
        for stream, end in ends.items():
            if stream not in links and subscription.matches(stream) and not self._is_for_wakes(owner, stream, wish):
                links[stream] = Link(stream, offset_of(end), False)
        if len(links) > self.limits.links:
            raise InvalidRequest(
                f"A subscription may have {self.limits.links} streams, and these are {len(links)}.", param="pattern"
            )
        subscription.links = links
        return subscription

    async def add(self, owner: str, id: str, streams: Sequence[str]) -> None:
        """It wants to hear of these, too, from now on."""
        seat = self._seat(owner, id)
        tails = {stream: await self._tail(owner, stream) for stream in dict.fromkeys(streams)}
        async with seat.lock:
            self._check(seat)
            known = seat.subscription.links
            if len(known.keys() | tails.keys()) > self.limits.links:
                raise InvalidRequest(f"A subscription may have {self.limits.links} streams.", param="streams")
            links = [
                Link(stream, known[stream].acked if stream in known else tail, True) for stream, tail in tails.items()
            ]
            await seat.become(seat.subscription.state, links)
        for stream in tails:
            # It may have grown since.
            if (tail := await self._tail(owner, stream)) != NOTHING and stream in seat.subscription.links:
                seat.subscription.look(stream, tail)
        self._stir(seat)

    async def remove(self, owner: str, id: str, stream: str) -> None:
        """It no longer asks for that by its name."""
        seat = self._seat(owner, id)
        async with seat.lock:
            self._check(seat)
            subscription = seat.subscription
            link = subscription.links.get(stream)
            if link is None or not link.is_explicit:
                return
            if subscription.matches(stream) and not self._is_for_wakes(owner, stream):
                await seat.become(subscription.state, [Link(stream, link.acked, False)])
            else:
                await seat.become(subscription.state, (), [stream])
                subscription.unlink(stream)

    async def delete(self, owner: str, id: str) -> None:
        """It is no more; it is no error when it is not known."""
        seat = self._seats.get(owner, {}).get(id)
        if seat is None:
            return
        async with seat.lock:
            await self._library.store.forget_subscription(owner, id)
            seat.is_gone = True
            if seat.timer is not None:
                seat.timer.cancel()
            if self._seats[owner].get(id) is seat:
                del self._seats[owner][id]

    def find(self, owner: str, id: str) -> Subscription:
        """An owner's; raises NoSubscription."""
        return self._seat(owner, id).subscription

    def _seat(self, owner: str, id: str) -> Seat:
        seat = self._seats.get(owner, {}).get(id)
        if seat is None:
            raise NoSubscription(id)
        return seat

    def _check(self, seat: Seat) -> None:
        if seat.is_gone:
            raise NoSubscription(seat.subscription.id)

    async def _tail(self, owner: str, stream: str) -> str:
        try:
            return offset_of((await self._library.find(owner, stream)).shown_end)
        except (NoStream, GoneStream):
            return NOTHING

    # What workers say.

    async def claim(self, owner: str, id: str, worker: str) -> Subscription:
        """A worker takes what is to be done; raises AlreadyClaimed and NothingPending."""
        seat = self._at_work(owner, id, is_webhook=False)
        async with seat.lock:
            self._check(seat)
            await self._end_if_late(seat)
            subscription, now = seat.subscription, self._now()
            if subscription.state.wake is None and subscription.is_pending:
                await self._become(seat, subscription.woken(wake_id(), now))
            await self._become(seat, subscription.claimed(worker, now))
            return subscription

    async def ack(
        self,
        owner: str,
        id: str,
        wake: tuple[int, int, str],
        acks: Mapping[str, str],
        *,
        is_done: bool,
        is_webhook: bool,
    ) -> bool:
        """
        Something was heard of a wake: its token's generation, the one it says, and its name.

        Says whether somebody is called anew, because there is more to be done; raises FencedOff.
        """
        seat = self._at_work(owner, id, is_webhook)
        async with seat.lock:
            self._check(seat)
            await self._end_if_late(seat)
            subscription = seat.subscription
            subscription.check(*wake)
            links = subscription.acked(acks)
            if not is_done:
                await self._become(seat, subscription.longer(self._now()), links)
                return False
            await self._become(seat, subscription.idle(), links)
            return await self._wake_if_pending(seat)

    async def release(self, owner: str, id: str, wake: tuple[int, int, str]) -> None:
        """A worker gives it up; raises FencedOff."""
        seat = self._at_work(owner, id, is_webhook=False)
        async with seat.lock:
            self._check(seat)
            await self._end_if_late(seat)
            seat.subscription.check(*wake)
            await self._become(seat, seat.subscription.idle())
            await self._wake_if_pending(seat)

    def _at_work(self, owner: str, id: str, is_webhook: bool) -> Seat:
        seat = self._seat(owner, id)
        if seat.subscription.is_webhook != is_webhook:
            kind = seat.subscription.made.wish.kind
            raise InvalidRequest(f"This subscription is of the type {kind}, which does not work that way.")
        return seat

    # What streams say.

    def _on_news(self, stream: Stream) -> None:
        seats = self._seats.get(stream.head.owner)
        if not seats:
            return
        name, tail = stream.head.name, offset_of(stream.shown_end)
        for seat in seats.values():
            if stream.is_leaving:
                if name in seat.subscription.links:
                    seat.forget(name)
                    self._stir(seat)
            elif self._look(seat, name, tail) and seat.subscription.state.wake is None:
                self._stir(seat)

    def _look(self, seat: Seat, stream: str, tail: str) -> bool:
        """Whether that stream is one of its; it goes so far."""
        subscription = seat.subscription
        if stream not in subscription.links:
            if not subscription.matches(stream) or self._is_for_wakes(subscription.owner, stream):
                return False
            if len(subscription.links) >= self.limits.links:
                seat.say_full()
                return False
        subscription.look(stream, tail)
        return True

    def _is_for_wakes(self, owner: str, stream: str, wish: Wish | None = None) -> bool:
        """Whether wakes are written there: whoever was woken by that would never come to rest."""
        if wish is not None and wish.wake_stream == stream:
            return True
        seats = self._seats.get(owner, {}).values()
        return any(seat.subscription.made.wish.wake_stream == stream for seat in seats)

    # What is to be done.

    def _stir(self, seat: Seat) -> None:
        """Have somebody look at it soon."""
        if seat.stirring is None and not self._is_closed:
            seat.stirring = self._start(self._stirred(seat))

    async def _stirred(self, seat: Seat) -> None:
        # From here on there may be news that this look does not see.
        seat.stirring = None
        async with seat.lock:
            if seat.is_gone:
                return
            try:
                await self._end_if_late(seat)
                await self._wake_if_pending(seat)
                if seat.is_stale:
                    await seat.become(seat.subscription.state)
                next_try = seat.subscription.state.next_try
                if next_try is not None and next_try <= self._now():
                    await self._become(seat, seat.subscription.called_again(self._now()))
                    self._start(self._call(seat))
            except HeadgateError as error:
                log.warning("The subscription '%s' waits for the store: %s", seat.subscription.id, error.message)
                self._set_timer(seat, STORE_REST)

    async def _end_if_late(self, seat: Seat) -> None:
        until = seat.subscription.state.lease_until
        if until is not None and until <= self._now():
            await self._become(seat, seat.subscription.idle(seat.subscription.state.failures))
            self._stir(seat)

    async def _wake_if_pending(self, seat: Seat) -> bool:
        subscription = seat.subscription
        if subscription.is_idle_call:
            # What it was about was deleted; who comes for it later must find a call of its own.
            await self._become(seat, subscription.idle())
        if subscription.state.wake is not None or not subscription.is_pending:
            return False
        await self._become(seat, subscription.woken(wake_id(), self._now()))
        self._start(self._call(seat))
        return True

    async def _become(self, seat: Seat, *now: Any) -> None:
        await seat.become(*now)
        self._arm(seat)

    def _arm(self, seat: Seat) -> None:
        state = seat.subscription.state
        at = state.lease_until if state.next_try is None else state.next_try
        if at is not None:
            self._set_timer(seat, max(0.0, at - self._now()))
        elif seat.timer is not None:
            seat.timer.cancel()
            seat.timer = None

    def _set_timer(self, seat: Seat, seconds: float) -> None:
        if seat.timer is not None:
            seat.timer.cancel()
        seat.timer = asyncio.get_running_loop().call_later(seconds, self._stir, seat)

    async def _call(self, seat: Seat) -> None:
        """Call somebody, of the wake that is under way."""
        subscription, state = seat.subscription, seat.subscription.state
        told = subscription.told()
        try:
            if subscription.is_webhook:
                answered = await self._caller.post(subscription, state, told)
            else:
                answered = await self._caller.write(subscription, state)
        except HeadgateError as error:
            answered = Answered(False, error.message, b"")
        async with seat.lock:
            if seat.is_gone or subscription.state != state:
                # It was said to be done, or to go on, before the answer came.
                return
            try:
                if not answered.is_heard:
                    log.info("Nobody was woken of the subscription '%s': %s", subscription.id, answered.error)
                    pause = pause_after(state.failures + 1, self._chance())
                    await self._become(seat, subscription.not_called(self._now() + pause))
                elif says_done(answered):
                    done = {each.link.stream: each.tail for each in told if each.is_pending}
                    links = subscription.acked({name: done[name] for name in done if name in subscription.links})
                    await self._become(seat, subscription.idle(), links)
                    await self._wake_if_pending(seat)
                elif state.failures:
                    await self._become(seat, subscription.heard())
            except HeadgateError as error:
                log.warning("What came of a call is not kept, and it is made again: %s", error.message)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A subscription broke", exc_info=error)
