"""
The AI SDK's `useChat`, with streams that outlive their pages.

A chat's answer is a run that goes on without its client, found by the chat's name: a page that was
loaded again gets all of it from the start, and one whose connection was cut goes on where it was.
"""

import functools

import msgspec

from headgate.dialects import forms
from headgate.dialects.docs import ui as docs
from headgate.dialects.openai import Bounds, check_text
from headgate.dialects.runs import run_object
from headgate.dialects.streams.pointing import point, wants_pointer
from headgate.errors import BadRequest
from headgate.formats import openai, openai_chat, ui_messages
from headgate.keys import Keys
from headgate.runs import Engine, Run, Wishes
from headgate.runs.ids import is_run_id
from headgate.web.answers import Face, Following, answer, write_log
from headgate.web.doc import Doc
from headgate.web.frames import Place, Shelf, WrittenFrames
from headgate.web.http import Request, run_headers
from headgate.web.links import Links
from headgate.web.routes import Handler, Route
from headgate.web.starting import begin


class UI:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, bounds: Bounds) -> None:
        self._engine, self._keys, self._bounds = engine, keys, bounds
        self._links = Links(lambda: engine.store.secret, keys.owners)
        self._shelf = Shelf()

    async def ask(self, request: Request) -> None:
        """Begin an answer and stream it."""
        owner = self._keys.owner(request.headers)
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        check_text(body)
        asked = ui_messages.read(body)
        note = forms.UINote(dialect=forms.UI, message=asked.message)
        names = () if asked.chat is None else (_name(owner, asked.chat),)
        wishes = Wishes(keep=True, names=names, note=msgspec.json.encode(note))
        begun = await begin(self._engine, request, asked.call, owner=owner, body=body, wishes=wishes)
        if begun is None:
            return
        if wants_pointer(request):
            await self._engine.settle(begun.run)
            request.add_headers(_headers(begun.run) + run_headers(begun.run.id))
            point(request, 202, begun.run, forms.UI, self._links)
            return
        writer = functools.partial(ui_messages.Writer, message=asked.message)
        face = Face(openai_chat.read, writer, openai_chat.whole, cuts=False)
        request.add_headers(_headers(begun.run))
        await answer(self._engine, begun.run, asked.call, face, request)

    async def stream(self, request: Request) -> None:
        """Follow a chat's answer, or a run's."""
        name = request.path_parameters["chat"]
        start = _start(request)
        run = await self._run(name, request, live_only=start is None)
        if run is None:
            request.answer(204, b"")
            return
        request.add_headers(_headers(run) + run_headers(run.id))
        if wants_pointer(request):
            point(request, 200, run, forms.UI, self._links)
            return
        form = forms.form_of(run, forms.UI)
        frames = self._shelf.frames(run, form.name, form.writer)
        place = await _place(request, run, frames, start)
        if place is None:
            request.answer(204, b"")
            return
        with Following(self._engine, run, request) as follower:
            await write_log(run, place.frames, place.event, follower, request)
        self._shelf.leave(run)

    async def stop(self, request: Request) -> None:
        """Stop a chat's answer."""
        run = await self._run(request.path_parameters["chat"], request, live_only=True)
        if run is None:
            request.answer(204, b"")
            return
        request.add_headers(run_headers(run.id))
        await self._engine.stop(run)
        request.answer(200, msgspec.json.encode(run_object(run)))

    async def _run(self, name: str, request: Request, *, live_only: bool) -> Run | None:
        """The run of that name, or the newest of the chat of that name; raises NotFound for a run's that is none."""
        owner = self._keys.owner(request.headers)
        if is_run_id(name):
            return await self._engine.find(name, owner)
        named = _name(owner, name)
        run = self._engine.live_named(named) if live_only else await self._engine.named(named)
        return None if run is None or (live_only and run.is_over) else run


async def _place(request: Request, run: Run, frames: WrittenFrames, start: int | None) -> Place | None:
    """Where the reader goes on; None when nothing more comes there."""
    if start is None:
        return Place(0, frames)
    is_over = run.is_over
    # The end mark is no chunk to those who count them.
    chunks = await frames.count(run.shown) - is_over
    request.add_headers(b"x-workflow-stream-tail-index: %d\r\n" % (chunks - 1))
    start = max(0, chunks + start) if start < 0 else start
    if is_over and start >= chunks:
        return None
    if start > chunks:
        raise BadRequest(f"The stream has {chunks} chunks so far.", param="startIndex", code="invalid_cursor")
    return frames.after(start)


def _name(owner: str, chat: str) -> str:
    """No two are the same: a chat's id has no slash."""
    return f"ui/{owner}/{chat}"


def _headers(run: Run) -> bytes:
    return b"x-vercel-ai-ui-message-stream: v1\r\nx-workflow-run-id: %b\r\n" % run.id.encode()


def _start(request: Request) -> int | None:
    """The chunk to begin with; counted from the end when negative."""
    text = request.query().get("startIndex")
    if text is None:
        return None
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise BadRequest("'startIndex' must be the number of a chunk.", param="startIndex", code="invalid_cursor")
    return int(text)


def routes(engine: Engine, keys: Keys, bounds: Bounds) -> list[Route]:
    """The routes of this dialect."""
    ui = UI(engine, keys, bounds)

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=path, handler=handler, error=openai.error_body, doc=doc)

    return [
        route("POST", "/v1/ui", ui.ask, docs.ASK),
        route("GET", "/v1/ui/{chat}/stream", ui.stream, docs.STREAM),
        route("POST", "/v1/ui/{chat}/stop", ui.stop, docs.STOP),
    ]
