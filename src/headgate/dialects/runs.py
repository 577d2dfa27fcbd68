"""
Our own face of runs: look at one, follow its log, stop it.

The log is sent as server-sent events with the event's number as `id`, so a reader that lost its
connection goes on where it was (`Last-Event-ID` or `?after=`).
"""

from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from headgate.dialects.docs import runs as docs
from headgate.errors import BadRequest
from headgate.events import AnyEvent, Failed, Started
from headgate.fold import Answer, fold
from headgate.formats import openai
from headgate.keys import Keys
from headgate.runs import Engine, Run
from headgate.store.base import Summary
from headgate.web.answers import Following, write_log
from headgate.web.doc import Doc
from headgate.web.http import Request, run_headers
from headgate.web.routes import Handler, Route

MAX_PAGE = 100


def frame_of(number: int, event: AnyEvent) -> bytes:
    """One event as it is, with its number."""
    name = str(event.__struct_config__.tag)
    fields: dict[str, Any] = {"type": name}
    for field in event.__struct_fields__:
        value = getattr(event, field)
        fields[field] = msgspec.Raw(value) if isinstance(value, bytes) else value
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name.encode(), number, msgspec.json.encode(fields))


class SharedFrames:
    """The frames of one run's events, made once for all who follow it."""

    def __init__(self, run: Run) -> None:
        self._events = run.events
        self._frames: dict[int, bytes] = {}

    def __call__(self, first: int, upto: int) -> bytes:
        """Those from one number up to another."""
        for number in range(first, upto):
            if number not in self._frames:
                self._frames[number] = frame_of(number, self._events[number])
        return b"".join([self._frames[number] for number in range(first, upto)])


class Runs:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, keys: Keys) -> None:
        self._engine, self._keys = engine, keys
        self._frames: WeakKeyDictionary[Run, SharedFrames] = WeakKeyDictionary()

    async def recent(self, request: Request) -> None:
        """The newest runs of the key."""
        owner = self._keys.owner(request.headers)
        query = request.query()
        limit = _limit(query.get("limit", "20"))
        live, kept = await self._engine.recent(owner, limit=limit + 1, before=query.get("before"))
        listed = {summary.run: _summary_object(summary) for summary in kept} | {run.id: run_object(run) for run in live}
        ids = sorted(listed, reverse=True)
        body = {"object": "list", "data": [listed[id] for id in ids[:limit]], "has_more": len(ids) > limit}
        request.answer(200, msgspec.json.encode(body))

    async def show(self, request: Request) -> None:
        """One run and what it has come to."""
        run = await self._find(request)
        request.answer(200, msgspec.json.encode(run_object(run)))

    async def stop(self, request: Request) -> None:
        """Stop one; one that is over stays as it is."""
        run = await self._find(request)
        await self._engine.stop(run)
        request.answer(200, msgspec.json.encode(run_object(run)))

    async def events(self, request: Request) -> None:
        """Follow one, from the start or after an event."""
        run = await self._find(request)
        first = _cursor(request) + 1
        if run.is_over and first >= len(run.events):
            # An EventSource that comes back after the end: nothing more, and it stops asking.
            request.answer(204, b"")
            return
        if first > len(run.events):
            raise BadRequest(
                f"The run has {len(run.events)} events so far; there is none to go on after.", param="after"
            )
        with Following(self._engine, run, request) as follower:
            frames = self._frames.get(run)
            if frames is None:
                frames = self._frames[run] = SharedFrames(run)
            await write_log(run, frames, first, follower, request)

    async def _find(self, request: Request) -> Run:
        run = await self._engine.find(request.path_parameters["id"], self._keys.owner(request.headers))
        request.add_headers(run_headers(run.id))
        return run


def _cursor(request: Request) -> int:
    """The number of the last event the reader has; -1 for none."""
    text = request.headers.get(b"last-event-id", b"").decode("latin-1") or request.query().get("after", "")
    if text in ("", "-1"):
        return -1
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequest("'after' must be the number of an event, or -1 for the start.", param="after")
    return int(text)


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MAX_PAGE:
        raise BadRequest(f"'limit' must be a number from 1 to {MAX_PAGE}.", param="limit")
    return int(text)


def run_object(run: Run) -> dict[str, Any]:
    """A run as clients see it: what is shown of it, and no more."""
    events = run.events[: run.shown]
    answer = fold(events)
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
        "events": len(events),
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
    return output


def _usage(answer: Answer) -> dict[str, int] | None:
    usage = answer.usage
    if usage is None:
        return None
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "total_tokens": usage.total,
        "cached_tokens": usage.cached,
        "reasoning_tokens": usage.reasoning,
    }


def _summary_object(summary: Summary) -> dict[str, Any]:
    total = summary.input_tokens + summary.output_tokens
    return {
        "id": summary.run,
        "object": "run",
        "status": summary.status,
        "created": int(summary.created),
        "ended": int(summary.ended),
        "format": summary.format,
        "asked": summary.asked,
        "provider": summary.provider or None,
        "model": summary.model or None,
        "usage": {
            "input_tokens": summary.input_tokens,
            "output_tokens": summary.output_tokens,
            "total_tokens": total,
        },
    }


def routes(engine: Engine, keys: Keys) -> list[Route]:
    """The routes of this dialect."""
    runs = Runs(engine, keys)

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=path, handler=handler, error=openai.error_body, doc=doc)

    return [
        route("GET", "/v1/runs", runs.recent, docs.LIST),
        route("GET", "/v1/runs/{id}", runs.show, docs.SHOW),
        route("GET", "/v1/runs/{id}/events", runs.events, docs.FOLLOW),
        route("POST", "/v1/runs/{id}/stop", runs.stop, docs.STOP),
    ]
