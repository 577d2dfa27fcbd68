"""The four addresses of an answer: look, read along, read at once, stop."""

import msgspec

from headgate.dialects.offload import errors, status, tokens, urls
from headgate.dialects.offload.errors import NotActive, StillRunning
from headgate.dialects.offload.found import Answers, Found
from headgate.dialects.offload.frames import Shelf, plain
from headgate.errors import BadRequest
from headgate.events import Stopped
from headgate.keys import key_in
from headgate.runs import Engine
from headgate.web.address import PublicAddress
from headgate.web.answers import Following, write_log
from headgate.web.http import Request

STOP_README = "The answer was stopped. What had come until then stays at its status_url."


class Addresses:
    """Their handlers."""

    def __init__(self, engine: Engine, address: PublicAddress, answers: Answers) -> None:
        self._engine, self._address, self._answers = engine, address, answers
        self._shelf = Shelf()

    async def status(self, request: Request) -> None:
        """Everything that is known of it so far."""
        run, note = await self._at(request, urls.STATUS)
        answer = self._answers.answer(run)
        ended = run.ended if run.is_over else None
        written = status.document(run.head, note, answer, ended, self._address.of(request))
        request.answer(200, msgspec.json.encode(written), status.UNCACHED)

    async def events(self, request: Request) -> None:
        """Its stream, from the start or from where the reader lost it, and on until it is over."""
        run, note = await self._at(request, urls.EVENTS, may_stream=True)
        if not note.streams:
            raise errors.unknown_address()
        first = _cursor(request) + 1
        if run.is_over and first >= len(run.events):
            # An EventSource that comes back after the end: nothing more, and it stops asking.
            request.answer(204, b"")
            return
        if first > run.shown:
            raise BadRequest(f"The answer has {run.shown} events so far; there is none to go on after.")
        with Following(self._engine, run, request) as follower:
            frames = self._shelf.of(run)
            await frames.catch_up(first)
            await write_log(run, frames, first, follower, request)
        self._shelf.leave(run)

    async def raw(self, request: Request) -> None:
        """What the provider said, in one piece."""
        run, note = await self._at(request, urls.RAW)
        if not run.is_over:
            raise StillRunning("The answer is not whole yet; its status_url says when it is.")
        if not note.streams:
            request.answer(200, status.raw(run.head, self._answers.answer(run)), status.UNCACHED)
            return
        with Following(self._engine, run, request) as follower:
            await write_log(run, plain(run), 0, follower, request)

    async def stop(self, request: Request) -> None:
        """End it; to ask only for the head of the answer ends nothing."""
        run, note = await self._at(request, urls.STOP)
        was_over = run.is_over
        if not was_over and request.scope["method"] != "HEAD":
            await self._engine.stop(run)
        if was_over or (run.is_over and not isinstance(run.last, Stopped)):
            request.add_headers(b"allow: \r\n")
            raise NotActive("The answer is over, so there is nothing to stop.")
        written = {
            "status": "success",
            "created_at": note.created,
            "conversation_id": note.conversation,
            "README": STOP_README,
        }
        request.answer(200, msgspec.json.encode(written), status.UNCACHED)

    async def _at(self, request: Request, ending: str, *, may_stream: bool = False) -> Found:
        """The answer that is asked for; raises NotFound, and Unauthorized without the token of a private one."""
        stem = urls.stem_of(request.scope["path"], ending)
        found = None if stem is None else await self._answers.at(stem)
        if found is None:
            raise errors.unknown_address()
        note = found.note
        if note.is_private and not tokens.fits(key_in(request.headers).decode("latin-1"), note.bearer):
            given = request.query().get("stream_token", "") if may_stream else ""
            if not tokens.fits(given, note.stream):
                raise errors.wrong_token()
        return found


def _cursor(request: Request) -> int:
    """The number of the last event the reader has; -1 for none."""
    text = request.headers.get(b"last-event-id", b"").decode("latin-1")
    if text in ("", "-1"):
        return -1
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequest("'Last-Event-ID' must be the number of an event, or -1 for the start.")
    return int(text)
