"""What went wrong, read from an upstream of this format and told to a client of it."""

from typing import Any

import msgspec

from headgate.errors import HeadgateError, ProviderError
from headgate.events import Failed
from headgate.formats import attempts, upstream_errors

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The error types that belong to a status of their own."""


def error_type(status: int) -> str:
    """Anthropic's word for an error of that status."""
    return _TYPES.get(status, "invalid_request_error" if 400 <= status < 500 else "api_error")


def error_object(failure: HeadgateError | Failed, request: str | None) -> dict[str, Any]:
    """The whole of an error, as an answer and as the data of a stream's event."""
    said = {"type": error_type(failure.status), "message": failure.message, **attempts.field(failure)}
    return {"type": "error", "error": said, "request_id": request}


def error_body(failure: HeadgateError) -> bytes:
    """An error answer."""
    return msgspec.json.encode(error_object(failure, failure.request_id))


def reported(said: object, provider: str, name: str = "") -> ProviderError | None:
    """The error that a stream's event, or a whole answer under a 200, reports; None where it reports none."""
    error = upstream_errors.error_event(said, provider, name)
    if error is not None and error.kind == "overloaded_error":
        # What it would have been, had it come before the answer.
        error.status = 529
    return error


def nonsense(provider: str) -> ProviderError:
    """Bytes that mean nothing."""
    return ProviderError(f"{provider} sent something that is no Messages answer.", code="upstream_invalid")


def empty(provider: str) -> ProviderError:
    """Nothing came."""
    return ProviderError(f"{provider} sent an empty answer.", code="upstream_empty")


def cut(provider: str) -> ProviderError:
    """A body that ended before its answer did."""
    return ProviderError(
        f"The answer of {provider} was cut: its stream ended without a stop reason.", code="upstream_incomplete"
    )


def broken(provider: str, reason: str) -> ProviderError:
    """An answer that says itself that it is not whole."""
    return ProviderError(f"{provider} ended its answer with '{reason}'.", code="upstream_error")
