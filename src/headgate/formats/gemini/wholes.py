"""Whole answers, written from all their events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import AnyEvent, Finished, Reasoning, Refusal, Started, Text, ToolCall, ToolInput, Usage, Vendor
from headgate.formats.gemini import counts
from headgate.formats.gemini.fields import NAME
from headgate.formats.gemini.parts import EMPTY, Parts, Written, joined
from headgate.formats.gemini.writer import candidate, finished, identity, marred


def whole(call: Call, run: str, created: int, events: Sequence[AnyEvent]) -> bytes:
    """The whole answer of a finished or stopped run."""
    started = next((event for event in events if isinstance(event, Started)), Started("", call.model, "", created))
    kindred = started.format == NAME
    usage = next((event for event in events if isinstance(event, Usage)), None)
    last = events[-1] if events and isinstance(events[-1], Finished) else Finished("stop")
    told = finished(last, kindred)
    about = msgspec.json.decode(started.extra) if kindred and started.extra is not None else {}
    body: dict[str, Any] = {}
    if told.candidates:
        body["candidates"] = _candidates(events, told.candidates, kindred)
    if usage is not None:
        body["usageMetadata"] = counts.write(usage, kindred)
    return msgspec.json.encode({**body, **about, **told.about, **identity(started, run)})


def _candidates(events: Sequence[AnyEvent], ends: list[dict[str, Any]], kindred: bool) -> list[dict[str, Any]]:
    makers: dict[int, Parts] = {}
    parts: dict[int, list[Written]] = {}
    for event in events:
        if isinstance(event, Text | Reasoning | Refusal | ToolCall | ToolInput | Vendor):
            maker = makers.setdefault(event.choice, Parts(kindred=kindred))
            parts.setdefault(event.choice, []).extend(maker.add(event))
    return [_candidate(choice, makers.get(choice), parts.get(choice, []), end) for choice, end in enumerate(ends)]


def _candidate(choice: int, maker: Parts | None, parts: list[Written], end: dict[str, Any]) -> dict[str, Any]:
    if maker is not None:
        parts = [*parts, *maker.close()]
    about: dict[str, Any] = {}
    for written in parts:
        about |= written.about
    end = marred(end, maker.malformed if maker is not None else None)
    return candidate(joined(parts) or [EMPTY], choice, {**about, **end})
