"""What goes wrong, and whose request it is, as APIs made with Feathers have it: BetterForms' among them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from headgate.calls import Fields
from headgate.errors import HeadgateError
from headgate.keys import HEADERS, Keys

NAMES = {
    400: ("BadRequest", "bad-request"),
    401: ("NotAuthenticated", "not-authenticated"),
    403: ("Forbidden", "forbidden"),
    404: ("NotFound", "not-found"),
    405: ("MethodNotAllowed", "method-not-allowed"),
    408: ("Timeout", "timeout"),
    409: ("Conflict", "conflict"),
    429: ("TooManyRequests", "too-many-requests"),
    500: ("GeneralError", "general-error"),
    502: ("BadGateway", "bad-gateway"),
    503: ("Unavailable", "unavailable"),
}
"""Names and class names by status; another status has those of the nearest that says less."""


def error_object(error: HeadgateError) -> dict[str, Any]:
    """An error's fields."""
    name, class_name = NAMES.get(error.status) or NAMES[400 if error.status < 500 else 500]
    data: dict[str, Any] = {"code": error.code}
    if error.retry_after is not None:
        data["retryAfter"] = error.retry_after
    if error.attempts:
        data["attempts"] = [msgspec.structs.asdict(each) for each in error.attempts]
    return {
        "name": name,
        "message": error.message,
        "code": error.status,
        "className": class_name,
        "data": data,
        "errors": {} if error.param is None else {error.param: error.message},
    }


def error_body(error: HeadgateError) -> bytes:
    """The whole error answer."""
    return msgspec.json.encode(error_object(error))


def owner_of(keys: Keys, headers: Mapping[bytes, bytes], fields: Fields) -> str:
    """The name of the key that stands in the body as `apiKey`, or where keys stand otherwise; raises Unauthorized."""
    return keys.owner(with_key(headers, fields.get("apiKey")))


def with_key(headers: Mapping[bytes, bytes], said: msgspec.Raw | str | None) -> Mapping[bytes, bytes]:
    """The headers, as if the key had come in them; one that is no text is one that nobody knows."""
    key = said if isinstance(said, str) or said is None else msgspec.json.decode(said)
    if key is None or key == "":
        return headers
    return {HEADERS[0]: key.encode() if isinstance(key, str) else b"?"}
