"""
What a client may wish of any run, in headers, whatever API it speaks.

    Headgate-Disconnect: keep              go on without me
    Headgate-Retention: SECONDS            how long to keep it after its end
    Headgate-Webhook: URL                  whom to tell of its end
    Headgate-Connect-Timeout: SECONDS      in place of each provider's own limits: connecting,
    Headgate-First-Event-Timeout: SECONDS    the first piece of the answer (or all of one in one piece),
    Headgate-Idle-Timeout: SECONDS           pauses in it,
    Headgate-Total-Timeout: SECONDS          and the whole of it
    Headgate-Hedge: usual | SECONDS | off  ask the next model as well when one is slow to begin
    Headgate-Continue: on | off            have another model go on with an answer that breaks
"""

import math
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from headgate.calls import Call
from headgate.errors import BadRequest
from headgate.runs import NO_HEDGE, Hedge, Wishes
from headgate.store.base import Hook

MAX_URL = 2000
MAX_RETENTION = 366 * 24 * 3600.0
MAX_TIMEOUT = 24 * 3600.0

_LIMITS = {
    b"headgate-connect-timeout": ("connect",),
    b"headgate-first-event-timeout": ("first_event", "whole"),
    b"headgate-idle-timeout": ("idle",),
    b"headgate-total-timeout": ("total",),
}

_WISHES = {
    *_LIMITS,
    b"headgate-disconnect",
    b"headgate-retention",
    b"headgate-webhook",
    b"headgate-hedge",
    b"headgate-continue",
    b"traceparent",
}


def with_headers(wishes: Wishes, headers: Mapping[bytes, bytes], call: Call, hook: str) -> Wishes:
    """Those wishes and what the headers say; raises BadRequest. `hook` is the form of the message to the webhook."""
    if _WISHES.isdisjoint(headers):
        return wishes
    changes: dict[str, object] = {}
    if (wish := headers.get(b"headgate-disconnect")) is not None:
        if wish.lower() != b"keep":
            raise BadRequest("'Headgate-Disconnect' can only be 'keep'; without it a client that leaves stops its run.")
        changes["keep"] = True
    if (text := headers.get(b"headgate-retention")) is not None:
        changes["retention"] = _retention(text)
    if (url := headers.get(b"headgate-webhook")) is not None:
        changes["hooks"] = (*wishes.hooks, Hook(_hook_url(url), hook))
        if not call.store:
            raise BadRequest("A run that is not stored cannot be announced: leave out Headgate-Webhook or 'store'.")
    if limits := limits_in(headers):
        changes["limits"] = {**wishes.limits, **limits}
    if (text := headers.get(b"headgate-hedge")) is not None:
        changes["hedge"] = _hedge(text)
    if (text := headers.get(b"headgate-continue")) is not None:
        changes["goes_on"] = _goes_on(text)
    if (parent := headers.get(b"traceparent")) is not None:
        changes["trace"] = (parent, headers.get(b"tracestate", b""))
    return msgspec.structs.replace(wishes, **changes) if changes else wishes


def limits_in(headers: Mapping[bytes, bytes]) -> dict[str, float]:
    """Those of `Limits` that the headers name; raises BadRequest."""
    limits: dict[str, float] = {}
    for header, names in _LIMITS.items():
        if (text := headers.get(header)) is not None:
            seconds = _seconds(header, text)
            limits |= dict.fromkeys(names, seconds)
    return limits


def _seconds(header: bytes, text: bytes) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.001 <= seconds <= MAX_TIMEOUT:
        name = header.decode().title()
        raise BadRequest(f"'{name}' must be a number of seconds from 0.001 to {MAX_TIMEOUT:.0f}.", code="invalid_value")
    return seconds


def _hedge(text: bytes) -> Hedge:
    match text.lower():
        case b"off":
            return NO_HEDGE
        case b"usual":
            return Hedge()
        case _:
            try:
                return Hedge(_seconds(b"headgate-hedge", text))
            except BadRequest:
                message = f"'Headgate-Hedge' must be usual, off, or seconds from 0.001 to {MAX_TIMEOUT:.0f}."
                raise BadRequest(message, code="invalid_value") from None


def _goes_on(text: bytes) -> bool:
    if text.lower() not in (b"on", b"off"):
        raise BadRequest("'Headgate-Continue' must be on or off.", code="invalid_value")
    return text.lower() == b"on"


def _retention(text: bytes) -> float:
    if not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= MAX_RETENTION:
        raise BadRequest(f"'Headgate-Retention' must be a number of seconds from 1 to {MAX_RETENTION:.0f}.")
    return float(int(text))


def _hook_url(text: bytes) -> str:
    try:
        url = text.decode("ascii")
        parts = urlsplit(url)
        is_fine = parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= MAX_URL and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine:
        raise BadRequest("'Headgate-Webhook' must be an http or https URL.", code="invalid_webhook_url")
    return url
