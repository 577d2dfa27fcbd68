"""
Every run as a stream: `/v1/stream/runs/{id}`.

Its messages are the run's events as JSON or, with `as`, those of any API's own stream. It grows as the
run does, is closed when that is over, and nobody but the engine writes it. An offset is a number of
events, whatever they are shown as.
"""

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

from headgate.dialects import forms
from headgate.dialects.docs import streams_runs as docs
from headgate.dialects.runs import frame_of
from headgate.dialects.streams.answering import Patience, answer_reader
from headgate.dialects.streams.reading import COMMON, JSON, NOW, START, Piece, array, asked_of, malformed
from headgate.dialects.voices import sounds
from headgate.errors import BadRequest
from headgate.formats import openai, sse
from headgate.keys import Keys
from headgate.runs import Engine, Follower, Run
from headgate.web.answers import Following
from headgate.web.finding import Finder
from headgate.web.frames import SharedFrames, Shelf, WrittenFrames
from headgate.web.http import Request
from headgate.web.routes import Route

NATIVE = "events"

EVENTS_PER_PIECE = 1000
"""Caps what a reader gets in one piece: some milliseconds' work, and hundreds of kilobytes."""

_DIGITS = 16
"""Of an offset: so they sort as text."""


class Messages:
    """A run's messages in one form, made once for all who read them."""

    def __init__(self, frames: SharedFrames) -> None:
        self._frames = frames
        self._last = (0, 0, b"", True)
        """The piece that was made last, and what it is made of."""

    async def piece(self, first: int, upto: int) -> tuple[bytes, bool]:
        """The messages of the events from one up to another, and whether there are none."""
        if isinstance(self._frames, WrittenFrames):
            # Its writer has to see all that is before; of a long log in slices.
            await self._frames.count(upto)
        if self._last[:2] != (first, upto):
            messages = _messages(self._frames(first, upto)) if upto > first else []
            self._last = (first, upto, array(messages), not messages)
        return self._last[2:]


def _messages(frames: bytes) -> list[bytes]:
    """What server-sent events hold, without the mark that some forms end with: the stream is closed then."""
    events = sse.Reader().feed(frames)
    return [event.data for event in events if event.data != b"[DONE]"]


class RunSource:
    """A run's log, for one reader."""

    kind = JSON

    def __init__(self, run: Run, form: str, messages: Messages, follower: Follower | None) -> None:
        self._run, self._messages, self._follower = run, messages, follower
        self.name = run.id if form == NATIVE else f"{run.id}:{form}"

    @property
    def is_left(self) -> bool:
        """Whether the reader has gone."""
        return self._follower is not None and self._follower.is_gone

    async def read(self, offset: str) -> Piece:
        """Some events' messages."""
        run = self._run
        first = run.shown if offset == NOW else 0 if offset == START else self._number(offset)
        at_once = sounds.AT_ONCE if run.head.format == sounds.SPEECH else EVENTS_PER_PIECE
        upto = min(run.shown, first + at_once)
        data, is_empty = await self._messages.piece(first, upto)
        is_tail = upto == run.shown
        return Piece(_offset(first), _offset(upto), data, is_empty, is_tail, is_tail and run.is_over)

    async def news(self, piece: Piece, seconds: float | None) -> bool:
        """Wait for events after that piece."""
        assert self._follower is not None, "only those who follow wait"
        number = int(piece.next)
        if seconds is None:
            return await self._follower.news(number)
        try:
            async with asyncio.timeout(seconds):
                while not self._follower.is_gone:
                    if await self._follower.news(number):
                        return True
        except TimeoutError:
            pass
        return False

    def pour_by(self, pour: Callable[[], bool]) -> None:
        """Nothing is poured: some messages can only be made by and by."""

    def peek(self, offset: str) -> Piece | None:
        """Nothing is at hand."""
        return None

    def _number(self, offset: str) -> int:
        if len(offset) != _DIGITS or not offset.isascii() or not offset.isdigit():
            raise malformed()
        if int(offset) > self._run.shown:
            raise BadRequest("This stream is not that long yet.", param="offset", code="invalid_offset")
        return int(offset)


def _offset(number: int) -> str:
    return f"{number:0{_DIGITS}}"


class RunStreams:
    """The endpoint, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, patience: Patience) -> None:
        self._engine, self._patience = engine, patience
        self._finder = Finder(engine, keys)
        self._shelf = Shelf()
        self._messages: WeakKeyDictionary[Run, dict[str, Messages]] = WeakKeyDictionary()

    async def read(self, request: Request) -> None:
        """Read one, or only how far it goes."""
        request.add_headers(COMMON)
        asked = asked_of(request)
        run = await self._finder.find(request, "read")
        form = request.query().get("as", NATIVE)
        messages = self._of(run, form)
        try:
            if asked.live and request.scope["method"] != "HEAD":
                with Following(self._engine, run, request) as follower:
                    await answer_reader(RunSource(run, form, messages, follower), asked, request, self._patience)
            else:
                await answer_reader(RunSource(run, form, messages, None), asked, request, self._patience)
        finally:
            if not run.followers:
                # Nobody needs them, for now; a long log's are as large as the log.
                self._messages.pop(run, None)
                self._shelf.leave(run)

    def _of(self, run: Run, name: str) -> Messages:
        known = self._messages.setdefault(run, {})
        if name not in known:
            known[name] = Messages(self._frames(run, name))
        return known[name]

    def _frames(self, run: Run, name: str) -> SharedFrames:
        if name == NATIVE:
            return SharedFrames(run, frame_of)
        form = forms.form_of(run, name)
        return self._shelf.frames(run, form.name, form.writer)


def routes(engine: Engine, keys: Keys, patience: Patience | None = None) -> list[Route]:
    """The route of runs as streams; it goes before those of all other streams."""
    streams = RunStreams(engine, keys, patience or Patience())
    path = "/v1/stream/runs/{id}"
    return [Route(method="GET", path=path, handler=streams.read, error=openai.error_body, doc=docs.READ)]
