"""The list of runs: what may be asked of it, and what it says of each."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from headgate.dialects import forms
from headgate.errors import BadRequest
from headgate.events import Failed, Finished, Started, Stopped
from headgate.runs import Run
from headgate.runs.ids import is_run_id
from headgate.store.base import Filter, Summary

MAX_PAGE = 100
MAX_WORD = 300

STATUSES = ("running", "finished", "failed", "stopped")
FORMATS = tuple(name for name in forms.NAMES if name not in (forms.UI, forms.PURAI))
PARAMETERS = ("limit", "before", "after", "status", "provider", "model", "format", "since", "until")

_TIME = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)

_SKEW = 1.0
"""Seconds by which the time in a run's name may be from the time it was made, and plenty."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs are asked for."""

    limit: int
    before: str | None
    """Only those older than this one."""
    after: str | None
    """Only those newer."""
    filter: Filter


def page(query: Mapping[str, str]) -> Page:
    """What the query says; raises BadRequest naming the parameter that is unknown or wrong."""
    for name in query:
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            what = name[:100]
            raise BadRequest(
                f"'{what}' is no parameter of this list; there are {known}.", param=what, code="unknown_parameter"
            )
    after, since = _run(query, "after"), _time(query, "since")
    if after is not None:
        # The store looks runs up by time; those that are too old all the same are left out of the page.
        since = max(since or 0.0, int(after[4:16], 16) / 1000 - _SKEW)
    filter = Filter(
        status=_one_of(query, "status", STATUSES),
        provider=_word(query, "provider"),
        model=_word(query, "model"),
        format=_one_of(query, "format", FORMATS),
        since=since,
        until=_time(query, "until"),
    )
    return Page(limit=_limit(query.get("limit", "20")), before=_run(query, "before"), after=after, filter=filter)


def page_object(asked: Page, live: Iterable[Run], kept: Iterable[Summary]) -> dict[str, Any]:
    """The page: newest first, each run once, though it may have ended between two looks."""
    listed = {summary.run: _kept_object(summary) for summary in kept} | {run.id: _live_object(run) for run in live}
    ids = sorted((id for id in listed if asked.after is None or id > asked.after), reverse=True)
    data = [listed[id] for id in ids[: asked.limit]]
    return {"object": "list", "data": data, "has_more": len(ids) > asked.limit}


def _live_object(run: Run) -> dict[str, Any]:
    """What is known without looking at the log, which may be long."""
    started = run.started or Started("", "", "", 0)
    return {
        "id": run.id,
        "object": "run",
        "status": _status(run),
        "created": int(run.head.created),
        "ended": None if run.ended is None or not run.is_over else int(run.ended),
        "format": run.head.format,
        "asked": run.head.model,
        "provider": started.provider or None,
        "model": started.model or None,
        "usage": None,
    }


def _status(run: Run) -> str:
    match run.last:
        case None:
            return "running"
        case Finished():
            return "finished"
        case Failed():
            return "failed"
        case Stopped():
            return "stopped"


def _kept_object(summary: Summary) -> dict[str, Any]:
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
        "usage": _usage(summary),
    }


def _usage(summary: Summary) -> dict[str, Any] | None:
    total = summary.input_tokens + summary.output_tokens
    if not total and summary.estimated is None:
        # Nobody knows, or an older Headgate did not say.
        return None
    return {
        "input_tokens": summary.input_tokens,
        "output_tokens": summary.output_tokens,
        "total_tokens": total,
        "cost": summary.cost,
        "estimated": summary.estimated is True,
    }


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MAX_PAGE:
        raise _wrong("limit", f"a number from 1 to {MAX_PAGE}")
    return int(text)


def _run(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name)
    if text is not None and not is_run_id(text):
        raise BadRequest(f"'{name}' must be the name of a run.", param=name, code="invalid_cursor")
    return text


def _one_of(query: Mapping[str, str], name: str, known: tuple[str, ...]) -> str | None:
    text = query.get(name)
    if text is not None and text not in known:
        raise _wrong(name, f"one of {', '.join(known)}")
    return text


def _word(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name)
    if text is not None and not 0 < len(text) <= MAX_WORD:
        raise _wrong(name, f"of 1 to {MAX_WORD} characters")
    return text


def _time(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name)
    if text is not None and not _TIME.fullmatch(text):
        raise _wrong(name, "a time in seconds since 1970")
    return None if text is None else float(text)


def _wrong(param: str, what: str) -> BadRequest:
    return BadRequest(f"'{param}' must be {what}.", param=param, code="invalid_value")
