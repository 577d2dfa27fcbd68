"""Errors as OAuth's resource servers tell them (RFC 6750), whose tokens Mercure takes."""

import msgspec

from headgate.errors import Forbidden, HeadgateError, NotFound, Unauthorized

OFF = "There is no Mercure hub here: it needs a `key` under [mercure] in the server's configuration."


class MissingToken(Unauthorized):
    """No token where one is needed."""

    code = "missing_token"

    def __init__(self) -> None:
        super().__init__("An access token is needed: send it as 'Authorization: Bearer TOKEN', or in a cookie.")


class InvalidToken(Unauthorized):
    """A token that is worth nothing here; why is for the log alone."""

    code = "invalid_token"
    challenge = 'error="invalid_token"'

    def __init__(self) -> None:
        super().__init__("This access token is not valid here.")


class NotGranted(Forbidden):
    """A token that does not allow this."""

    code = "insufficient_scope"
    challenge = 'error="insufficient_scope"'


class Off(NotFound):
    """Mercure is not configured."""

    code = "mercure_off"

    def __init__(self) -> None:
        super().__init__(OFF)


def error_body(error: HeadgateError) -> bytes:
    """The body of an error."""
    return msgspec.json.encode(
        {
            "error": error.code if error.status in (401, 403) else _WORDS.get(error.status, "server_error"),
            "error_description": error.message,
            "code": error.code,
        }
    )


_WORDS = dict.fromkeys((400, 404, 405, 408, 413, 415), "invalid_request") | {503: "temporarily_unavailable"}
