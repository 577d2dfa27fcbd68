"""Errors in Google's envelope: https://cloud.google.com/apis/design/errors"""

import re
from typing import Any

import msgspec

from headgate.errors import HeadgateError
from headgate.events import Failed
from headgate.formats import attempts

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}

_TYPE = "type.googleapis.com/google.rpc."
_NO_WORD = re.compile(r"[^A-Z0-9]+")

DOMAIN = "headgate"
"""Whose words the reasons are."""


def error_object(failure: HeadgateError | Failed) -> dict[str, Any]:
    """The inner object: our stable code is the reason, the field that is wrong a violation."""
    reason = _NO_WORD.sub("_", failure.code.upper()).strip("_") or "UNKNOWN"
    details: list[dict[str, Any]] = [{"@type": _TYPE + "ErrorInfo", "reason": reason, "domain": DOMAIN}]
    if failure.param is not None:
        violation = {"field": failure.param, "description": failure.message}
        details.append({"@type": _TYPE + "BadRequest", "fieldViolations": [violation]})
    if failure.retry_after is not None:
        details.append({"@type": _TYPE + "RetryInfo", "retryDelay": f"{failure.retry_after:.10g}s"})
    if said := attempts.lines(failure):
        details.append({"@type": _TYPE + "DebugInfo", "stackEntries": said, "detail": "Every attempt, in order."})
    return {
        "code": failure.status,
        "message": failure.message,
        "status": _STATUS.get(failure.status, "INTERNAL" if failure.status >= 500 else "FAILED_PRECONDITION"),
        "details": details,
    }


def error_body(failure: HeadgateError | Failed) -> bytes:
    """The whole error answer, and a stream's last object when it broke."""
    return msgspec.json.encode({"error": error_object(failure)})
