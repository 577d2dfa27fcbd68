"""
Our own face of runs: list them, look at one, follow its log, stop it, forget it, make links to it.

The log is sent as server-sent events with the event's number as `id`, so a reader that lost its
connection goes on where it was (`Last-Event-ID` or `?after=`).
"""

import time
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from headgate.dialects import forms, listing
from headgate.dialects.docs import runs as docs
from headgate.dialects.openai import Bounds
from headgate.dialects.voices import sounds
from headgate.errors import BadRequest, Tried
from headgate.events import AnyEvent, Audio, Failed, Started, Text, Word
from headgate.fold import Answer, fold
from headgate.formats import openai, strict
from headgate.keys import Keys
from headgate.runs import Engine, Run
from headgate.web.address import PublicAddress
from headgate.web.answers import EVENTS_PER_WRITE, Following, write_log
from headgate.web.doc import Doc
from headgate.web.finding import Finder
from headgate.web.folded import Folded
from headgate.web.frames import Place, SharedFrames, Shelf
from headgate.web.http import Request
from headgate.web.links import LinkRequest
from headgate.web.routes import Handler, Route


def frame_of(number: int, event: AnyEvent) -> bytes:
    """One event as it is, with its number."""
    if type(event) is Text and event.logprobs is None and event.extra is None:
        # Nearly all of a log, and thrice as fast.
        return b'event: text\nid: %d\ndata: {"type":"text","delta":%b,"choice":%d,"logprobs":null,"extra":null}\n\n' % (
            number,
            msgspec.json.encode(event.delta),
            event.choice,
        )
    if type(event) is Audio:
        return b'event: audio\nid: %d\ndata: {"type":"audio","data":%b}\n\n' % (number, msgspec.json.encode(event.data))
    name = str(event.__struct_config__.tag)
    fields: dict[str, Any] = {"type": name}
    for field in event.__struct_fields__:
        fields[field] = _shown(getattr(event, field))
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name.encode(), number, msgspec.json.encode(fields))


def _shown(value: Any) -> Any:
    """A field of an event, with names where the log has places."""
    if isinstance(value, bytes):
        return msgspec.Raw(value)
    if isinstance(value, Tried | Word):
        return msgspec.structs.asdict(value)
    return [_shown(each) for each in value] if isinstance(value, tuple) else value


_link_request = msgspec.json.Decoder(LinkRequest)


class Runs:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, bounds: Bounds, address: PublicAddress) -> None:
        self._engine, self._keys, self._bounds, self._address = engine, keys, bounds, address
        self._finder = Finder(engine, keys)
        self._frames: WeakKeyDictionary[Run, SharedFrames] = WeakKeyDictionary()
        self._shelf = Shelf()
        self._folded = Folded()

    async def recent(self, request: Request) -> None:
        """The newest runs of the key."""
        owner = self._keys.owner(request.headers)
        asked = listing.page(request.query())
        live, kept = await self._engine.recent(owner, limit=asked.limit + 1, before=asked.before, filter=asked.filter)
        request.answer(200, msgspec.json.encode(listing.page_object(asked, live, kept)))

    async def show(self, request: Request) -> None:
        """One run and what it has come to."""
        run = await self._finder.find(request, "read")
        request.answer(200, msgspec.json.encode(run_object(run, self._folded.of(run))))

    async def stop(self, request: Request) -> None:
        """Stop one; one that is over stays as it is."""
        run = await self._finder.find(request, "read+stop")
        await self._engine.stop(run)
        request.answer(200, msgspec.json.encode(run_object(run, self._folded.of(run))))

    async def delete(self, request: Request) -> None:
        """Forget one; one that is at work is stopped first."""
        run = await self._finder.find(request)
        await self._engine.delete(run)
        request.answer(200, msgspec.json.encode({"id": run.id, "object": "run.deleted", "deleted": True}))

    async def link(self, request: Request) -> None:
        """Make addresses of one that need no key."""
        run = await self._finder.find(request)
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        asked = strict.decode(_link_request, body or b"{}")
        expires = int(time.time()) + asked.expires_in
        token = self._finder.links.make(run.id, run.head.owner, asked.rights, expires)
        url = f"{self._address.of(request)}/v1/runs/{run.id}"
        said = {
            "object": "run.link",
            "run": run.id,
            "rights": asked.rights,
            "expires_at": expires,
            "token": token,
            "url": f"{url}?token={token}",
            "events_url": f"{url}/events?token={token}",
            "stream_url": f"{self._address.of(request)}/v1/stream/runs/{run.id}?token={token}",
            "stop_url": f"{url}/stop?token={token}" if asked.rights == "read+stop" else None,
        }
        request.answer(200, msgspec.json.encode(said), b"cache-control: no-store\r\n")

    async def events(self, request: Request) -> None:
        """Follow one, from the start or after an event."""
        run = await self._finder.find(request, "read")
        seen = _cursor(request) + 1
        name = request.query().get("as")
        if name is None:
            await self._follow(run, self._native(run, seen), request)
            return
        form = forms.form_of(run, name)
        if form.name == forms.UI:
            request.add_headers(b"x-vercel-ai-ui-message-stream: v1\r\n")
        frames = self._shelf.frames(run, form.name, form.writer)
        is_over = run.is_over
        place = None if _is_at_end(seen, await frames.count(run.shown), is_over) else frames.after(seen)
        await self._follow(run, place, request, cuts=form.cuts)

    async def audio(self, request: Request) -> None:
        """The sound of one that is a speech, from the start or from a byte on."""
        await sounds.send(self._engine, await self._finder.find(request, "read"), request)

    async def _follow(self, run: Run, place: Place | None, request: Request, *, cuts: bool = False) -> None:
        if place is None:
            # An EventSource that comes back after the end: nothing more, and it stops asking.
            request.answer(204, b"")
            return
        at_once = sounds.AT_ONCE if run.head.format == sounds.SPEECH else EVENTS_PER_WRITE
        with Following(self._engine, run, request) as follower:
            await write_log(run, place.frames, place.event, follower, request, cuts=cuts, at_once=at_once)
        if not run.followers:
            # Nobody needs its frames, for now; a long log's are as large as the log.
            self._frames.pop(run, None)
        self._shelf.leave(run)

    def _native(self, run: Run, seen: int) -> Place | None:
        if _is_at_end(seen, len(run.events), run.is_over):
            return None
        frames = self._frames.get(run)
        if frames is None:
            frames = self._frames[run] = SharedFrames(run, frame_of)
        return Place(seen, frames)


def _is_at_end(seen: int, made: int, is_over: bool) -> bool:
    """Whether a reader has all there will ever be; raises BadRequest for one that says it has more."""
    if seen > made and not is_over:
        raise BadRequest(
            f"The run has {made} events so far; there is none to go on after.", param="after", code="invalid_cursor"
        )
    return is_over and seen >= made


def _cursor(request: Request) -> int:
    """The number of the last event the reader has; -1 for none."""
    text = request.headers.get(b"last-event-id", b"").decode("latin-1") or request.query().get("after", "")
    if text in ("", "-1"):
        return -1
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequest(
            "'after' must be the number of an event, or -1 for the start.", param="after", code="invalid_cursor"
        )
    return int(text)


def run_object(run: Run, answer: Answer | None = None) -> dict[str, Any]:
    """A run as clients see it: what is shown of it, and no more; `answer` is that, where it is known already."""
    answer = answer or fold(run.events[: run.shown])
    started = answer.started or Started("", "", "", 0)
    return {
        "id": run.id,
        "object": "run",
        "status": answer.status,
        "created": int(run.head.created),
        "ended": None if run.ended is None or not run.is_over else int(run.ended),
        "format": run.head.format,
        "asked": run.head.model,
        "provider": started.provider or None,
        "model": started.model or None,
        "events": run.shown,
        "output": _output(answer),
        "usage": _usage(answer),
        "error": openai.error_object(answer.last) if isinstance(answer.last, Failed) else None,
    }


def _output(answer: Answer) -> dict[str, Any]:
    choice = answer.choice(0)
    calls = [{"id": call.id, "name": call.name, "input": call.input} for call in choice.calls]
    output: dict[str, Any] = {
        "text": choice.text,
        "reasoning": choice.reasoning,
        "refusal": choice.refusal,
        "tool_calls": calls,
        "finish_reason": choice.reason,
    }
    if len(answer.choices) > 1:
        output["choices"] = [answer.choices[index].text for index in sorted(answer.choices)]
    if answer.called:
        output["called"] = [{name: getattr(one, name) for name in one.__struct_fields__} for one in answer.called]
    if answer.sound:
        output["audio_bytes"] = answer.sound
    return output


def _usage(answer: Answer) -> dict[str, Any] | None:
    usage = answer.usage
    if usage is None:
        return None
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "total_tokens": usage.total,
        "cached_tokens": usage.cached,
        "reasoning_tokens": usage.reasoning,
        "cost": usage.cost,
        "estimated": usage.estimated,
    }


def routes(engine: Engine, keys: Keys, bounds: Bounds, address: PublicAddress) -> list[Route]:
    """The routes of this dialect."""
    runs = Runs(engine, keys, bounds, address)

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=path, handler=handler, error=openai.error_body, doc=doc)

    return [
        route("GET", "/v1/runs", runs.recent, docs.LIST),
        route("GET", "/v1/runs/{id}", runs.show, docs.SHOW),
        route("DELETE", "/v1/runs/{id}", runs.delete, docs.DELETE),
        route("GET", "/v1/runs/{id}/events", runs.events, docs.FOLLOW),
        route("GET", "/v1/runs/{id}/audio", runs.audio, docs.AUDIO),
        route("POST", "/v1/runs/{id}/links", runs.link, docs.LINK),
        route("POST", "/v1/runs/{id}/stop", runs.stop, docs.STOP),
    ]
