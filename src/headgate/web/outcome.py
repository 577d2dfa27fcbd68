"""Who answered, told in an answer's head."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from headgate.errors import Tried
from headgate.events import Attempt
from headgate.providers.heading import LIMITS, REQUEST_NAMES, Heading
from headgate.runs import Run
from headgate.runs.errands import Done
from headgate.runs.tries import Try

MAX_ATTEMPTS = 20
"""Attempts that are named: a head must stay small. The run's log has all of them."""

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_UNSAFE = re.compile(r"[^\x21-\x7e]|[;,]")


def outcome_headers(run: Run) -> bytes:
    """
    `Headgate-Provider` names who answers, `Headgate-Attempts` who failed before, each as provider/model.

    What the provider told of its limits is told on, to clients who know those names, and by what name it knows the
    request.
    """
    started, first = run.started, run.events[0]
    said = b"" if started is None else _line(started.provider, started.model)
    tries = run.tries
    heading = tries[0].heading if len(tries) == 1 else _heading(tries)
    if heading:
        said += _limits(heading, run.head.format.partition(".")[0])
    if type(first) is not Attempt:
        return said
    return said + _attempts([event for event in run.events[: run.first_output] if isinstance(event, Attempt)])


def _heading(tries: Sequence[Try]) -> Heading:
    """Of whoever spoke, or of the last one asked."""
    return next((each.heading for each in tries if each.has_spoken), tries[-1].heading if tries else ())


def errand_headers(done: Done[Any]) -> bytes:
    """The same of an answer that no run made."""
    target = done.target
    said = _line(target.provider.name, target.model)
    return said + _attempts(done.failures) if done.failures else said


def _attempts(failed: Sequence[Attempt | Tried]) -> bytes:
    told = [
        b"%b %d %b" % (_name(each.provider, each.model), each.status, _safe(each.code))
        for each in failed[:MAX_ATTEMPTS]
    ]
    return b"headgate-attempts: %b\r\n" % b"; ".join(told)


def _limits(heading: Heading, api: str) -> bytes:
    names, values = LIMITS.get(api, "?"), dict(heading)
    lines = [(name, value) for name, value in heading if name.startswith(names)]
    if (request := next((name for name in REQUEST_NAMES if name in values), None)) is not None:
        lines.append(("headgate-upstream-request", values[request]))
    return b"".join(b"%b: %b\r\n" % (_safe(name), _UNPRINTABLE.sub("_", value).encode()) for name, value in lines)


@lru_cache(maxsize=256)
def _line(provider: str, model: str) -> bytes:
    return b"headgate-provider: %b\r\n" % _name(provider, model)


def _name(provider: str, model: str) -> bytes:
    return _safe(f"{provider}/{model}")


def _safe(text: str) -> bytes:
    return _UNSAFE.sub("_", text[:200]).encode("ascii")
