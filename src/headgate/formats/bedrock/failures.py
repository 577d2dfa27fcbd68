"""
What went wrong at Bedrock: an exception with a name, before an answer or inside of it.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.formats import upstream_errors
from headgate.formats.tool_calls import text
from headgate.formats.upstream_errors import MAX_MESSAGE

_STATUS = {
    "ThrottlingException": 429,
    "TooManyRequestsException": 429,
    "ModelNotReadyException": 429,
    "ServiceQuotaExceededException": 429,
    "ServiceUnavailableException": 503,
    "InternalServerException": 500,
    "InternalFailure": 500,
    # 424 at Amazon: something behind it failed, as it may not another time.
    "ModelErrorException": 502,
    "ModelStreamErrorException": 502,
    "ModelTimeoutException": 504,
    "ResourceNotFoundException": 404,
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
}

STALE = frozenset({"ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"})
"""Refused for their credentials, which may have been renewed by now."""


def is_streamless(error: ProviderError) -> bool:
    """Whether the model only answers at once, or does so with tools: the same may be asked again without a stream."""
    return error.code == "ValidationException" and "streaming" in error.message.lower()


def read_error(status: int, body: bytes, name: str, provider: str) -> ProviderError:
    """An answer with an error status; `name` is what its header calls it, "" where there is none."""
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        said = None
    if not isinstance(said, dict) or status < 400:
        error = upstream_errors.read_error(status, body, provider)
        return exception(name, error.message, provider, status) if name and status >= 400 else error
    name = name or text(said.get("__type")) or text(said.get("code"))
    return exception(name, text(said.get("message")) or text(said.get("Message")), provider, status)


def exception(name: str, message: str, provider: str, status: int = 0) -> ProviderError:
    """The error of that name: headers add a place to it, bodies a namespace, and streams begin it small."""
    name = upstream_errors.word(name.partition(":")[0].rpartition("#")[2])
    name = name[:1].upper() + name[1:]
    status = _STATUS.get(name) or (status if 400 <= status < 600 else 502)
    mute = f"{provider} reported {name or 'an error'} and no reason."
    return ProviderError(
        (message or mute)[:MAX_MESSAGE],
        code=name or "upstream_error",
        kind=_kind(status),
        status=status,
        retryable=status in (408, 409, 425, 429) or status >= 500,
    )


def in_stream(headers: Any, payload: Any, provider: str) -> ProviderError:
    """What an exception's frame says; one kind of them says it all in its headers."""
    if headers.get(":message-type") == "error":
        return exception(headers.get(":error-code", ""), headers.get(":error-message", ""), provider)
    said = payload if isinstance(payload, dict) else {}
    words = text(said.get("message")) or text(said.get("Message")) or text(said.get("originalMessage"))
    return exception(headers.get(":exception-type", ""), words, provider)


def _kind(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def nonsense(provider: str, why: str = "") -> ProviderError:
    """Bytes that mean nothing."""
    message = f"{provider} sent something that is no Converse answer{f': {why}' if why else ''}."
    return ProviderError(message, code="upstream_invalid")


def empty(provider: str) -> ProviderError:
    """Nothing came."""
    return ProviderError(f"{provider} sent an empty answer.", code="upstream_empty")


def cut(provider: str) -> ProviderError:
    """A body that ended before its answer did."""
    return ProviderError(
        f"The answer of {provider} was cut: its stream ended without a stop reason.", code="upstream_incomplete"
    )


def malformed(provider: str, reason: str) -> ProviderError:
    """An answer that says itself that it is of no use."""
    return ProviderError(f"{provider} ended its answer with '{reason}'.", code=reason)
