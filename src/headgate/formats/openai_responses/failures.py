"""What went wrong, read from a Responses upstream and told to a Responses client."""

from typing import Any

from headgate.errors import ProviderError
from headgate.events import Failed
from headgate.formats import attempts, openai, upstream_errors

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
    is_picture = any("image" in word for key in ("code", "type") if isinstance(word := inner.get(key), str))
    error = upstream_errors.error_in({"error": inner}, provider, 400 if is_picture else 0)
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
    return {"code": code, "message": failed.message, **attempts.field(failed)}


def nested_error(failed: Failed) -> dict[str, Any]:
    """The `error` of an error event, as OpenAI sends it: with our own words, in no list of anybody's."""
    return openai.error_object(failed)
