"""
A run's log as an HTTP answer.

The status line is held back until the first output, so that a provider that fails early makes a
real HTTP error; after a while of silence it is sent all the same, because load balancers give up
on connections that say nothing. From then on an error is an event of the client's dialect.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol as Shape
from typing import TypeAlias

import msgspec

from headgate.calls import Call
from headgate.errors import HeadgateError
from headgate.events import AnyEvent, Failed
from headgate.formats import sse
from headgate.formats.base import Writer
from headgate.runs import Engine, Follower, Run
from headgate.web.exchange import Exchange
from headgate.web.http import EVENT_STREAM, Request, run_headers
from headgate.web.outcome import outcome_headers

EVENTS_PER_WRITE = 250
"""Caps what a reader who joins late gets in one piece, so that a long log does not hold up the others, and a
reader who does not read makes us hold little of it."""


Frames: TypeAlias = Callable[[int, int], bytes]
"""The frames of a run's events from one number up to another, asked for in order and once each."""


class WriterOf(Shape):
    """Makes a format's writer."""

    def __call__(self, call: Call, run: str, created: int) -> Writer: ...


class Face(msgspec.Struct, frozen=True):
    """One endpoint's way of asking and answering."""

    read: Callable[[bytes], Call]
    writer: WriterOf
    whole: Callable[[Call, str, int, Sequence[AnyEvent]], bytes]
    cuts: bool
    """Whether a failed stream is cut after its error; a dialect with a word for failed ends cleanly."""
    kind: bytes = EVENT_STREAM
    """The content type of a streamed answer."""
    keep_alive: bytes = sse.KEEP_ALIVE
    """What is written where there is no news."""
    kind_of: Callable[[Call, Run, Request], bytes] | None = None
    """Says the content type, streamed or whole, where it hangs on what was asked or came; may add headers."""
    at_once: int = EVENTS_PER_WRITE
    """How many events go into one piece, where they are large."""


class Following:
    """Follows a run for a request's client, as long as both are there."""

    __slots__ = ("_engine", "_exchange", "_follower")

    def __init__(self, engine: Engine, run: Run, request: Request) -> None:
        self._engine, self._exchange = engine, request.exchange
        self._follower = engine.follow(run)
        request.run = run

    def __enter__(self) -> Follower:
        self._exchange.on_leave(self._on_leave)
        return self._follower

    def __exit__(self, *error: object) -> None:
        self._exchange.on_leave(None)
        self._engine.leave(self._follower)

    def _on_leave(self) -> None:
        self._follower.leave()
        self._engine.leave(self._follower)


async def answer(engine: Engine, run: Run, call: Call, face: Face, request: Request) -> None:
    """Answer the request that made this run."""
    request.add_headers(run_headers(run.id))
    with Following(engine, run, request) as follower:
        if call.stream:
            await _stream(run, call, face, follower, request)
            return
        while not run.is_over:
            await follower.news(run.shown)
            if follower.is_gone:
                return
        _write_whole(run, call, face, request)


def _write_whole(run: Run, call: Call, face: Face, request: Request) -> None:
    request.add_headers(outcome_headers(run))
    check_outcome(run)
    body = face.whole(call, run.id, int(run.head.created), run.events)
    if face.kind_of is None:
        request.answer(200, body)
    else:
        request.answer(200, body, kind=face.kind_of(call, run, request))


async def _stream(run: Run, call: Call, face: Face, follower: Follower, request: Request) -> None:
    while not run.shows_output:
        if not await follower.news(run.shown):
            if follower.is_gone:
                return
            break
    else:
        request.add_headers(outcome_headers(run))
        if run.first_output is None:
            check_outcome(run)
    write = face.writer(call, run.id, int(run.head.created)).write

    def frames(first: int, upto: int) -> bytes:
        return b"".join([write(event) for event in run.events[first:upto]])

    kind = face.kind if face.kind_of is None else face.kind_of(call, run, request)
    await write_log(
        run,
        frames,
        0,
        follower,
        request,
        cuts=face.cuts,
        kind=kind,
        keep_alive=face.keep_alive,
        at_once=face.at_once,
    )


async def write_log(
    run: Run,
    frames: Frames,
    cursor: int,
    follower: Follower,
    request: Request,
    *,
    cuts: bool = False,
    opening: bytes = b"",
    kind: bytes = EVENT_STREAM,
    keep_alive: bytes = sse.KEEP_ALIVE,
    at_once: int = EVENTS_PER_WRITE,
) -> None:
    """
    Write everything from that event on as it becomes visible, until the run is over or the reader gone.

    `opening` is written at once, whatever has happened.
    """
    if not request.begin_stream(kind):
        return
    if opening or not run.shows_output:
        # The head goes out with the first piece, and readers want to know now that they are followed.
        await request.write(opening or keep_alive, more=True)
    telling = _Telling(run, frames, cursor, request.exchange, at_once)
    while not follower.is_gone:
        if telling.has_news:
            piece = telling.piece()
            is_last = telling.is_done
            is_cut = is_last and cuts and isinstance(run.last, Failed)
            if piece or is_last:
                await request.write(piece, more=is_cut or not is_last)
            if is_cut:
                request.cut()
            if is_last:
                return
            if telling.has_news:
                # A socket that takes everything lets nobody else have a turn.
                await asyncio.sleep(0)
        elif not await follower.news(telling.cursor, telling.take) and not follower.is_gone:
            await request.write(keep_alive, more=True)
        if telling.failure is not None:
            raise telling.failure


class _Telling:
    """A log on its way to one client."""

    __slots__ = ("_at_once", "_exchange", "_frames", "_run", "cursor", "failure")

    def __init__(self, run: Run, frames: Frames, cursor: int, exchange: Exchange, at_once: int) -> None:
        self._run, self._frames, self._exchange, self._at_once = run, frames, exchange, at_once
        self.cursor = cursor
        """The first event that it has not made a piece of."""
        self.failure: Exception | None = None
        """Why `take` could not."""

    @property
    def has_news(self) -> bool:
        """Whether there is something to be told."""
        return self._run.shown > self.cursor

    @property
    def is_done(self) -> bool:
        """Whether all is told, and nothing more will come."""
        return self.cursor == self._run.shown and self._run.is_over

    def piece(self) -> bytes:
        """What is new, or the first of it; to be written."""
        first = self.cursor
        self.cursor = min(self._run.shown, first + self._at_once)
        return self._frames(first, self.cursor)

    def take(self) -> bool:
        """Write what is new at once; False when that takes more than a write."""
        run, first = self._run, self.cursor
        upto = run.shown
        if run.is_over or upto - first > self._at_once or not self._exchange.is_free:
            return False
        self.cursor = upto
        try:
            if piece := self._frames(first, upto):
                self._exchange.write_now(piece)
        except Exception as failure:
            # Whoever shows has other readers, too.
            self.failure = failure
            return False
        return True


def check_outcome(run: Run) -> None:
    """Raise what the client is to be told of a run that failed."""
    last = run.events[-1] if run.is_over else None
    if type(last) is Failed:
        raise HeadgateError(
            last.message,
            code=last.code,
            status=last.status,
            kind=last.kind,
            param=last.param,
            retry_after=last.retry_after,
            attempts=last.attempts,
        )
