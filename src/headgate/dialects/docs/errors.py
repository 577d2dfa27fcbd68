"""What may go wrong, and how it is told."""

import msgspec
from msgspec import UNSET, UnsetType

from headgate.errors import (
    BadRequest,
    Conflict,
    HeadgateError,
    NotFound,
    ProviderError,
    StoreError,
    Timeout,
    TooLarge,
    Unauthorized,
    Unavailable,
)


class AttemptObject(msgspec.Struct):
    """One of several attempts that all failed."""

    provider: str
    model: str
    status: int
    code: str
    message: str
    key: str | UnsetType = UNSET


class ErrorObject(msgspec.Struct):
    """An error as OpenAI tells it; its four keys are always there."""

    message: str
    type: str
    param: str | None
    code: str | None
    attempts: list[AttemptObject] | UnsetType = UNSET


class ErrorAnswer(msgspec.Struct):
    """The body of every answer that is no success; `detail` repeats the message."""

    error: ErrorObject
    detail: str


NO_KEY = Unauthorized("No API key was given. Send it as 'Authorization: Bearer KEY'.")

NO_RUN = NotFound("There is no run 'run_0'.", code="run_not_found")

STORE_GONE = StoreError("The store cannot be read: disk I/O error.")

ASKING: tuple[HeadgateError, ...] = (
    BadRequest("Missing required parameter: 'model'.", param="model", code="missing_required_parameter"),
    BadRequest(
        "Invalid value for 'temperature': expected 'number' <= 2.0.",
        param="temperature",
        code="invalid_value",
    ),
    BadRequest(
        "The webhook cannot be used: messages are sent to public addresses only, which 10.0.0.1 is not. "
        "Networks of your own are let through by [webhooks] allow.",
        code="webhook_refused",
    ),
    NO_KEY,
    NotFound(
        "The model 'gpt' does not exist here. Name it provider/model with one of the providers openai, local, "
        "or use an alias: default.",
        code="model_not_found",
        param="model",
    ),
    Conflict("This Idempotency-Key was used with another request.", code="idempotency_key_reused"),
    Timeout("The request's body did not come within 30 s."),
    TooLarge("The request's body is larger than 33 MB."),
    ProviderError(
        "Rate limit reached for requests.",
        code="rate_limit_exceeded",
        kind="rate_limit_error",
        status=429,
        retry_after=2,
    ),
    ProviderError("openai answered with status 502."),
    Unavailable("Too many runs are at work.", code="overloaded", retry_after=1),
    Unavailable("The server is shutting down.", code="shutting_down", retry_after=5),
    ProviderError(
        "openai did not begin to answer within 30 s.",
        code="first_event_timeout",
        kind="timeout_error",
        status=504,
    ),
)
"""Of the endpoints that make runs."""
