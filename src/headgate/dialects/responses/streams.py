"""
A response's events, to whoever asks: as they happen, or again, from any of them on.

An event's `sequence_number` is its place in the stream, because the events are numbered densely from 0. What a
response in the background says at once, before its log holds anything, comes first.
"""

from headgate.dialects.responses.face import writer_of
from headgate.errors import BadRequest
from headgate.formats import openai_responses
from headgate.formats.base import Writer
from headgate.runs import Engine, Run
from headgate.web.answers import Following, write_log
from headgate.web.frames import Place, Shelf
from headgate.web.http import Request


class Streams:
    """Writes them, once for all who follow the same response."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shelf = Shelf()

    async def follow(self, run: Run, request: Request, seen: int = 0) -> None:
        """Write what comes after so many events; raises BadRequest when there are not so many."""
        opening = writer_of(run).opening()
        frames = self._shelf.frames(run, openai_responses.NAME, lambda: _opened(run))
        first = opening.count(b"\n\n")
        # Looked at together: what happens while a long log is counted is not in the count.
        is_over, shown = run.is_over, run.shown
        count = first + await frames.count(shown)
        if seen > count:
            raise BadRequest(
                f"The response has {count} events so far; there is none with the number {seen - 1}.",
                param="starting_after",
                code="invalid_cursor",
            )
        if seen == count and is_over:
            if request.begin_stream():
                await request.write(b"", more=False)
            return
        place = Place(0, frames) if seen < first else frames.after(seen - first)
        rest = opening.split(b"\n\n", seen)[seen] if seen < first else b""
        with Following(self._engine, run, request) as follower:
            await write_log(run, place.frames, place.event, follower, request, opening=rest)
        self._shelf.leave(run)


def _opened(run: Run) -> Writer:
    writer = writer_of(run)
    writer.opening()
    return writer
