"""What the three OpenAI text formats share: error bodies, usage, reasons."""

import html
import re
from typing import Any

import msgspec

from headgate.errors import BadRequest, HeadgateError, ProviderError
from headgate.events import Failed, Usage

_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_TAGS = re.compile(rb"(?is)<(script|style).*?</\1>|<[^>]*>")

MAX_MESSAGE = 2000
"""Caps how much of an upstream's error page we repeat to a client."""


def error_object(failure: HeadgateError | Failed) -> dict[str, Any]:
    """OpenAI's inner error object, all four keys always there."""
    return {
        "message": failure.message,
        "type": failure.kind,
        "param": failure.param,
        "code": failure.code,
    }


def error_body(failure: HeadgateError | Failed) -> bytes:
    """The whole error answer; `detail` repeats the message for clients of FastAPI services."""
    return msgspec.json.encode({"error": error_object(failure), "detail": failure.message})


def read_error(status: int, body: bytes, provider: str) -> ProviderError:
    """What an upstream's answer with an error status says, whatever its shape."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _page_text(body)
    error = error_in(said, provider, status)
    if error is None:
        error = ProviderError(f"{provider} answered with status {status}.", code="upstream_error")
        error.status = status if 400 <= status < 600 else 502
        error.retryable = status in _RETRYABLE
    return error


def error_in(said: object, provider: str, status: int = 502) -> ProviderError | None:
    """
    The error that a decoded body or stream event reports, or None where it reports none.

    Vendors write {"error": {...}}, {"error": "text"}, {"detail": ...}, {"message": ...}, a list
    around one of these, or plain text. `error: null` is no error.
    """
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if isinstance(said, str):
        inner: dict[str, Any] = {"message": said}
    elif not isinstance(said, dict):
        return None
    else:
        found = next((said[key] for key in ("error", "detail", "errors") if said.get(key)), None)
        if isinstance(found, dict):
            inner = found
        elif found is not None:
            inner = {**said, "message": found if isinstance(found, str) else msgspec.json.encode(found).decode()}
        elif said.get("message"):
            inner = said
        else:
            return None
    return _error(inner, provider, status)


def _error(inner: dict[str, Any], provider: str, status: int) -> ProviderError:
    code, kind = inner.get("code"), inner.get("type")
    # In the middle of a 200 the only status is the one the error object brings, as a number in `code` or `status`.
    if status < 400 or status == 502:
        numbers = (n for n in (inner.get("status"), inner.get("status_code"), code) if isinstance(n, int))
        status = next((n for n in numbers if 400 <= n < 600), 502)
    message = inner.get("message")
    if not isinstance(message, str) or not message:
        message = f"{provider} answered with status {status}."
    param = inner.get("param")
    return ProviderError(
        message[:MAX_MESSAGE],
        code=str(code) if code else "upstream_error",
        kind=kind if isinstance(kind, str) and kind else _kind(status),
        param=param if isinstance(param, str) else None,
        status=status if 400 <= status < 600 else 502,
        retryable=status in _RETRYABLE,
    )


def _kind(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def _page_text(body: bytes) -> str:
    """The words of an HTML or plain error page, on one line."""
    words = html.unescape(_TAGS.sub(b" ", body[:100_000]).decode("utf-8", "replace")).split()
    return " ".join(words)[:300]


def count(value: object) -> int:
    """A vendor's token count: a number that is not negative, or 0."""
    return int(value) if isinstance(value, (int, float)) and 0 <= value < 2**53 else 0


class _Details(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


_usage = msgspec.json.Decoder(_Usage)


def read_regular_usage(raw: msgspec.Raw) -> Usage | None:
    """A usage object of OpenAI's shape, taken as it is; None when it is of another."""
    try:
        usage = _usage.decode(raw)
    except msgspec.ValidationError:
        return None
    inputs, outputs = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
        (inputs.cached_tokens or 0) if inputs else 0,
        (outputs.reasoning_tokens or 0) if outputs else 0,
        bytes(raw),
    )


def read_usage(usage: object) -> Usage | None:
    """Chat's and completions' usage object, however odd; None when it is absent or holds nothing."""
    if not isinstance(usage, dict) or not usage:
        return None
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    inputs, outputs = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    total = count(usage.get("total_tokens")) or prompt + completion
    regular = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    own = {key: value for key, value in usage.items() if value is not None and key not in regular}
    return Usage(
        input=prompt,
        output=completion,
        total=total,
        cached=count(inputs.get("cached_tokens")) if isinstance(inputs, dict) else 0,
        reasoning=count(outputs.get("reasoning_tokens")) if isinstance(outputs, dict) else 0,
        extra=msgspec.json.encode(regular | own),
    )


def usage_json(usage: Usage, kindred: bool) -> bytes:
    """Chat's and completions' usage object; `kindred` says that `extra` is in this format's terms."""
    if kindred and usage.extra is not None:
        return usage.extra
    return msgspec.json.encode(
        {
            "prompt_tokens": usage.input,
            "completion_tokens": usage.output,
            "total_tokens": usage.total,
            "prompt_tokens_details": {"cached_tokens": usage.cached},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
        }
    )


def no_choices_over_one(choices: int, what: str) -> None:
    """Formats with one answer per request refuse `n`."""
    if choices > 1:
        raise BadRequest(f"'n' must be 1 for {what}.", param="n", code="unsupported_parameter")
