"""
Reads what upstreams say when they fail, whatever its shape.

Vendors write {"error": {...}}, {"error": "text"}, {"detail": ...}, {"message": ...}, {"errors": [...]},
a list around one of these, an HTML page or plain text. In the middle of a 200 there is no status, so it
is taken from the words that the error uses: whether a client tries again hangs on it.
"""

import html
import re
from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.formats import lenient, sse

MAX_MESSAGE = 2000
"""Caps how much of an upstream's error we repeat to a client."""

MAX_WORD = 200
"""The same for a code, or the kind of an error."""

MAX_PAGE = 300
"""The same for a page, of which the first words say it all."""

_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_TAGS = re.compile(rb"(?is)<(script|style|head).*?</\1>|<[^>]*>")
_TITLE = re.compile(rb"(?is)<title[^>]*>(.*?)</title>")

_DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")

_STATUS = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "rate_limit_reached": 429,
    "rate_limited": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "server_error": 500,
    "internal": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "api_error": 500,
    "overloaded": 503,
    "overloaded_error": 503,
    "server_overloaded": 503,
    "engine_overloaded": 503,
    "unavailable": 503,
    "service_unavailable": 503,
    "timeout": 504,
    "vector_store_timeout": 504,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "unauthenticated": 401,
    "billing_error": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "model_not_found": 404,
    "not_found": 404,
    "not_found_error": 404,
    "request_too_large": 413,
    "bad_request": 400,
    "invalid_argument": 400,
    "bio_policy": 400,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
}

_NO_CODES = frozenset({"", "0", "200", "ok", "success"})


def read_error(status: int, body: bytes, provider: str) -> ProviderError:
    """What an answer with an error status says."""
    if status < 400:
        message = f"{provider} answered with a redirect (status {status}): its address may be wrong."
        return ProviderError(message, retryable=False)
    return error_in(_in_body(body), provider, status) or _error({}, provider, status)


def no_answer(body: bytes, provider: str) -> ProviderError:
    """What stands under a 200 where an answer should: a page, some words, or nothing."""
    if not body:
        return ProviderError(f"{provider} sent an empty answer.", code="upstream_empty")
    text = _page_text(body)
    said = f": {text}" if text and text.isprintable() and "\ufffd" not in text else "."
    return ProviderError(f"{provider} sent something that is no answer{said}", code="upstream_invalid")


def error_event(said: object, provider: str, name: str = "") -> ProviderError | None:
    """
    The error that a stream's event, or a whole answer under a 200, reports; None where it reports none.

    `error: null` is no error, and neither is a ping with a message.
    """
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if name != "error" and not _reports_error(said):
        return None
    return error_in(said, provider) or _error({}, provider, 0)


def error_in(said: object, provider: str, status: int = 0) -> ProviderError | None:
    """The error that a value tells of, known to be one or not; None where it tells of none. Status 0 is unknown."""
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if isinstance(said, str) and said.strip():
        return _error({"message": said}, provider, status)
    if not isinstance(said, dict):
        return None
    found = next((said[key] for key in ("error", "detail", "errors", "details") if said.get(key)), None)
    if isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, dict):
        return _error(found, provider, status)
    if found is not None:
        return _error({**said, "message": found if isinstance(found, str) else _json(found)}, provider, status)
    return _error(said, provider, status) if _message(said) else None


def _reports_error(said: object) -> bool:
    if not isinstance(said, dict):
        return False
    if said.get("error") or "error" in (said.get("object"), said.get("type"), said.get("status")):
        return True
    if said.get("choices") or said.get("output"):
        return False
    code = said.get("code")
    is_code = code >= 400 if isinstance(code, int) else isinstance(code, str) and code.lower() not in _NO_CODES
    return bool(said.get("detail") or said.get("errors") or (is_code and _message(said)))


def _error(inner: dict[str, Any], provider: str, status: int) -> ProviderError:
    code, kind, param = inner.get("code"), inner.get("type"), inner.get("param")
    google = _google_details(inner)
    code = google.get("reason", code)
    mute = f"{provider} answered with status {status}." if status else f"{provider} reported an error and no reason."
    status = status or _status_in(inner)
    # A status that HTTP does not have is none for our client.
    told = status if status < 600 else 502
    return ProviderError(
        (_message(inner) or mute)[:MAX_MESSAGE],
        code=(word(str(code)) if isinstance(code, str | int) and code else "") or "upstream_error",
        kind=(word(kind) if isinstance(kind, str) and kind != "error" else "") or _kind(told),
        param=param if isinstance(param, str) else None,
        status=told,
        retry_after=google.get("retry_after"),
        retryable=told in _RETRYABLE,
    )


def word(said: str) -> str:
    """A code, as it may stand in a line of a log: some are sentences."""
    return " ".join(said[:MAX_WORD].split())


def _google_details(inner: dict[str, Any]) -> dict[str, Any]:
    """
    What Google says besides its number: a word for what is wrong, and when to try again.

    {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "...RetryInfo", "retryDelay": "7s"}]}
    """
    code, word, details = inner.get("code"), inner.get("status"), inner.get("details")
    if not isinstance(word, str) or not isinstance(code, int):
        return {}
    found: dict[str, Any] = {"reason": word.lower()}
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        kind = str(detail.get("@type")).rpartition(".")[2]
        if kind == "ErrorInfo" and isinstance(detail.get("reason"), str):
            found["reason"] = detail["reason"].lower()
        elif kind == "RetryInfo" and (delay := _DELAY.fullmatch(str(detail.get("retryDelay")))):
            found["retry_after"] = float(delay[1])
    return found


def _status_in(inner: dict[str, Any]) -> int:
    """The status that an error in the middle of a 200 would have had."""
    said = [inner.get(key) for key in ("code", "type", "status", "status_code")]
    for word in said:
        number = int(word) if isinstance(word, str) and word.isdecimal() and len(word) == 3 else word
        if isinstance(number, int) and 400 <= number < 600:
            return number
    known = (_STATUS.get(word.lower()) for word in said if isinstance(word, str))
    return next((status for status in known if status is not None), 502)


def _message(said: dict[str, Any]) -> str:
    """Its sentence, under one of the names that vendors have for it."""
    for key in ("message", "msg", "error_msg", "error_message", "error", "detail", "text"):
        value = said.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, dict) and (inner := _message(value)):
            return inner
    return ""


def _kind(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def _in_body(body: bytes) -> object:
    """What an error's body says: JSON, an event of a stream, or the words of a page."""
    stripped = body.strip().removeprefix(b"\xef\xbb\xbf")
    if stripped.startswith((b"data:", b"event:", b":")):
        reader = sse.Reader()
        events = [*reader.feed(stripped), *reader.close()]
        stripped = events[0].data if events else b""
    try:
        return lenient.decode(stripped)
    except ValueError:
        return _page_text(stripped)


def _page_text(body: bytes) -> str:
    """The words of an HTML or plain error page, on one line."""
    page = body[:100_000]
    title = _TITLE.search(page)
    words = _words(_TAGS.sub(b" ", page)) or (_words(title.group(1)) if title else [])
    return " ".join(words)[:MAX_PAGE]


def _words(text: bytes) -> list[str]:
    return html.unescape(text.decode("utf-8", "replace")).replace("\0", " ").split()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
