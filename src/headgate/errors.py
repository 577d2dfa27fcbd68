"""
Everything that can go wrong, in words of our own.

    HeadgateError            code, status, message; the dialect owns the envelope
    ├── BadRequest           400: the request itself is wrong; `param` names the field
    ├── Unauthorized         401: no key, or one we do not know
    ├── Forbidden            403: a known key that may not do this
    ├── NotFound             404: no such model, run or page
    ├── Conflict             409: right request, wrong moment
    ├── TooLarge             413: a body over the limit
    ├── Timeout              408: the client took too long to send its request
    ├── Unavailable          503: we cannot take this now; `retry_after` says when
    ├── ProviderError        what a provider answered, or failed to answer
    └── StoreError           the log could not be written or read

Foreign exceptions are translated into these at the border, once. After the first
byte of an answer an error is an event (`Failed`), never an exception.
"""

from collections.abc import Sequence
from typing import Any, Self

import msgspec


class Tried(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one failed attempt said, for whoever is told that all of them failed."""

    provider: str
    model: str
    """As the provider names it."""
    status: int
    code: str
    message: str
    key: str = ""
    """Which of the provider's keys it was, where it has several; a label, never the key."""


class HeadgateError(Exception):
    """Something a client is told about: a stable code, an HTTP status and a sentence."""

    status = 500
    code = "internal_error"
    kind = "server_error"
    challenge = ""
    """What is told with `WWW-Authenticate: Bearer`, in dialects whose clients look there."""
    request_id: str | None = None
    """By what name the client may ask about it, in dialects that tell one."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int | None = None,
        kind: str | None = None,
        retry_after: float | None = None,
        attempts: Sequence[Tried] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        self.attempts = attempts
        """Everything that was tried, when it was providers that failed."""
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status
        if kind is not None:
            self.kind = kind

    def bare(self) -> Self:
        """
        This error without where it came from, to be kept.

        The frames it went through hold all that was at work there, often whoever keeps the error, too: a circle,
        and with it requests of megabytes, that would be left for the garbage collector, which counts no bytes.
        """
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self


class BadRequest(HeadgateError):
    """The request itself is wrong."""

    status = 400
    code = "invalid_request"
    kind = "invalid_request_error"


class Unauthorized(HeadgateError):
    """No key, or one we do not know."""

    status = 401
    code = "invalid_api_key"
    kind = "invalid_request_error"


class Forbidden(HeadgateError):
    """A known key that may not do this."""

    status = 403
    code = "forbidden"
    kind = "invalid_request_error"


class NotFound(HeadgateError):
    """No such model, run or page."""

    status = 404
    code = "not_found"
    kind = "invalid_request_error"


class Conflict(HeadgateError):
    """A request that is right, at the wrong moment."""

    status = 409
    code = "conflict"
    kind = "invalid_request_error"


class TooLarge(HeadgateError):
    """A body over the limit."""

    status = 413
    code = "request_too_large"
    kind = "invalid_request_error"


class Timeout(HeadgateError):
    """The client took too long to send its request."""

    status = 408
    code = "request_timeout"
    kind = "invalid_request_error"


class Unavailable(HeadgateError):
    """We cannot take this request now."""

    status = 503
    code = "unavailable"
    kind = "server_error"


class ProviderError(HeadgateError):
    """
    What a provider answered instead of an answer, or how it broke.

    `status` is what the client is told: the provider's own for an error it sent, 502 when
    it broke or talked nonsense, 504 when it was too slow. `retryable` says whether another
    try, or another provider, may do better.
    """

    status = 502
    code = "upstream_error"
    kind = "upstream_error"
    is_ours = False
    """Whether it says nothing about the provider, because it was us who could not ask."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int | None = None,
        kind: str | None = None,
        retry_after: float | None = None,
        retryable: bool = True,
    ) -> None:
        super().__init__(message, code=code, param=param, status=status, kind=kind, retry_after=retry_after)
        self.retryable = retryable
        self.events: Sequence[Any] = ()
        """What the same bytes said before the error: events that are true and must not be lost."""


class StoreError(HeadgateError):
    """The log could not be written or read."""

    status = 503
    code = "store_unavailable"
    kind = "server_error"


class Fenced(StoreError):
    """Another process has taken over this store: nothing more may be written by us."""

    code = "store_fenced"
