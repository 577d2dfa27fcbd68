"""Who answered, told in an answer's head."""

import re

from headgate.events import Attempt
from headgate.runs import Run

MAX_ATTEMPTS = 20
"""Attempts that are named: a head must stay small. The run's log has all of them."""

_UNSAFE = re.compile(r"[^\x21-\x7e]|[;,]")


def outcome_headers(run: Run) -> bytes:
    """`Headgate-Provider` names who answers, `Headgate-Attempts` who failed before, each as provider/model."""
    started, first = run.started, run.events[0]
    said = b"" if started is None else b"headgate-provider: %b\r\n" % _name(started.provider, started.model)
    if not isinstance(first, Attempt):
        return said
    failed = [event for event in run.events[: run.first_output] if isinstance(event, Attempt)][:MAX_ATTEMPTS]
    told = [b"%b %d %b" % (_name(each.provider, each.model), each.status, _safe(each.code)) for each in failed]
    return b"%bheadgate-attempts: %b\r\n" % (said, b"; ".join(told))


def _name(provider: str, model: str) -> bytes:
    return _safe(f"{provider}/{model}")


def _safe(text: str) -> bytes:
    return _UNSAFE.sub("_", text[:200]).encode("ascii")
