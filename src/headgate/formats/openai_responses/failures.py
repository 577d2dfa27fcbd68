"""What went wrong, read from a Responses upstream and told to a Responses client."""

from typing import Any

from headgate.errors import ProviderError
from headgate.events import Failed
from headgate.formats import openai

_STATUS = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "server_error": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "overloaded_error": 503,
    "server_overloaded": 503,
    "service_unavailable": 503,
    "timeout": 504,
    "vector_store_timeout": 504,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_policy_violation": 400,
    "bio_policy": 400,
}
"""In the middle of a stream there is no status; whether another provider may do better hangs on it."""

_CODES = frozenset(
    {
        "server_error",
        "rate_limit_exceeded",
        "invalid_prompt",
        "data_residency_mismatch",
        "bio_policy",
        "vector_store_timeout",
        "invalid_image",
        "invalid_image_format",
        "invalid_base64_image",
        "invalid_image_url",
        "image_too_large",
        "image_too_small",
        "image_parse_error",
        "image_content_policy_violation",
        "invalid_image_mode",
        "image_file_too_large",
        "unsupported_image_media_type",
        "empty_image_file",
        "failed_to_download_image",
        "image_file_not_found",
    }
)
"""ResponseError.code: typed clients refuse any other."""


def read_failure(said: object, provider: str) -> ProviderError:
    """
    The error an upstream reports with `said`: an error object, a sentence, or nothing at all.

    Error events bring it nested (as OpenAI does) or flat (as OpenAI's specification says).
    """
    inner = {"message": said} if isinstance(said, str) else dict(said) if isinstance(said, dict) else {}
    if not isinstance(inner.get("message"), str) or not inner["message"]:
        inner["message"] = f"{provider} failed to answer."
    words = [word for word in (inner.get("code"), inner.get("type")) if isinstance(word, str)]
    status = next((_STATUS[word] for word in words if word in _STATUS), None)
    if status is None:
        status = 400 if any("image" in word for word in words) else 502
    error = openai.error_in({"error": inner}, provider, status)
    return error or ProviderError(inner["message"])


def cut(provider: str) -> ProviderError:
    """A body that ended before its answer did."""
    return ProviderError(
        f"The answer of {provider} was cut: its stream ended without a terminal event.",
        code="upstream_incomplete",
    )


def nonsense(provider: str) -> ProviderError:
    """Bytes that mean nothing."""
    return ProviderError(f"{provider} sent something that is no Responses answer.", code="upstream_invalid")


def cancelled(provider: str) -> ProviderError:
    """An answer that somebody else stopped at the upstream."""
    return ProviderError(
        f"The answer was cancelled at {provider}.",
        code="upstream_cancelled",
        retryable=False,
    )


def response_error(failed: Failed) -> dict[str, Any]:
    """The `error` of a failed response; its code is the nearest one that OpenAI has."""
    code = failed.code
    if code not in _CODES:
        if failed.status == 429:
            code = "rate_limit_exceeded"
        else:
            code = "invalid_prompt" if failed.status in (400, 413, 422) else "server_error"
    return {"code": code, "message": failed.message}


def nested_error(failed: Failed) -> dict[str, Any]:
    """The `error` of an error event, as OpenAI sends it: with our own words, in no list of anybody's."""
    return openai.error_object(failed)
