"""What goes wrong, as this dialect tells it."""

import msgspec

from headgate.errors import Conflict, HeadgateError, NotFound, Unauthorized


class NotActive(Conflict):
    """An answer that is over already, and so cannot be stopped."""

    status = 405
    code = "not_active"


class StillRunning(Conflict):
    """An answer that is not whole yet."""

    code = "still_running"


def error_body(error: HeadgateError) -> bytes:
    """The whole error answer."""
    said = {"code": error.code, "message": error.message, "param": error.param}
    return msgspec.json.encode({"status": "error", "error": said})


def unknown_address() -> NotFound:
    """Nothing is there, or no longer."""
    return NotFound("There is no answer at this address; it may have been kept for long enough.")


def unknown_parent() -> NotFound:
    """The conversation to go on with is not there."""
    return NotFound(
        "There is no answer at 'from_status_url'; it may have been kept for long enough.", param="from_status_url"
    )


def wrong_token() -> Unauthorized:
    """A private answer without its token."""
    return Unauthorized(
        "This answer is private. Send its token as 'Authorization: Bearer TOKEN'.", code="invalid_bearer_token"
    )


def wrong_parent_token() -> Unauthorized:
    """A private conversation without its token."""
    return Unauthorized(
        "The answer at 'from_status_url' is private, and 'from_bearer_token' is not its token.",
        code="invalid_bearer_token",
        param="from_bearer_token",
    )
